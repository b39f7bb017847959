# INTENT: a thread that never ends, and an exit handler
# VERDICT: timeout|error|fail
import atexit, threading, time
atexit.register(lambda: time.sleep(600))
threading.Thread(target=lambda: time.sleep(600)).start()
y = total = 0
