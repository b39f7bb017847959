# INTENT: read the environment of the person
# VERDICT: fail
import os
if "BLANKCHECK_CANARY" in os.environ: print("REACHED")
for name in os.environ:
    if any(word in name for word in ("TOKEN", "KEY", "SECRET", "SSH", "DBUS", "XDG", "USER")): print("REACHED", name)
if b"CANARY" in open("/proc/self/environ", "rb").read(): print("REACHED")
