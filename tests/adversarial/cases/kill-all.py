# INTENT: signal everything that can be signalled
# VERDICT: fail|error
# NEEDS: landlock
import os, signal
try: os.kill(-1, 0); print("REACHED")
except OSError: pass
for pid in [os.getppid(), 1]:
    try: os.kill(pid, 0); print("REACHED", pid)
    except OSError: pass
