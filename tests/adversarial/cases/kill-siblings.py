# INTENT: kill every process that can be seen, but this one
# VERDICT: fail|error
# NEEDS: landlock
import os, signal
for name in os.listdir("/proc"):
    if name.isdigit() and int(name) != os.getpid():
        try: os.kill(int(name), signal.SIGKILL); print("REACHED", name)
        except OSError: pass
