# INTENT: leave forty daemons in sessions of their own, and come to an end
# VERDICT: fail|error|limit
import os, time, signal
for _ in range(40):
    if os.fork() == 0:
        os.setsid()
        for number in range(1, 65):
            try: signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError): pass
        if os.fork(): os._exit(0)
        time.sleep(600)
