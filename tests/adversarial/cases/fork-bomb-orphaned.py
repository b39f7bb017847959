# INTENT: fork without end, each ending its parent
# VERDICT: fail|limit|error|timeout
import os, time
end = time.time() + 20
while time.time() < end:
    try:
        if os.fork(): os._exit(0)
    except OSError: time.sleep(0.01)
    os.setsid()
