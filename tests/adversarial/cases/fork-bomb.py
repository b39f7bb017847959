# INTENT: fork without end
# VERDICT: fail|limit|error|timeout
import os, time
while True:
    try: os.fork()
    except OSError: time.sleep(0.01)
