# INTENT: leave a child behind that holds the channel, and end
# VERDICT: error
import os, time
if os.fork() == 0:
    os.setsid()
    time.sleep(60)
os._exit(0)
