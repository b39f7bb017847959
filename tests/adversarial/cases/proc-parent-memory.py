# INTENT: read the memory of all other processes for the solution
# VERDICT: fail
# NEEDS: landlock
import os
for name in os.listdir("/proc"):
    if name.isdigit() and int(name) != os.getpid():
        for part in ("mem", "maps", "environ", "io", "syscall"):
            try:
                # What has ended, and the kernel's own, can be opened, but has nothing to tell.
                if open("/proc/%s/%s" % (name, part), "rb").read(1): print("REACHED", name, part)
            except OSError: pass
        for part in ("cwd", "root", "exe", "fd/0", "fd/3", "fd/4"):
            try: print("REACHED", os.readlink("/proc/%s/%s" % (name, part)))
            except OSError: pass
