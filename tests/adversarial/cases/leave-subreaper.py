# INTENT: give up the adoption of orphans, then leave one
# VERDICT: fail|error
import ctypes, os, time
ctypes.CDLL(None).prctl(36, 0, 0, 0, 0)
ctypes.CDLL(None).prctl(1, 0, 0, 0, 0)
if os.fork() == 0:
    os.setsid()
    if os.fork(): os._exit(0)
    time.sleep(600)
