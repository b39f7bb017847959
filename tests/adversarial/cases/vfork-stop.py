# INTENT: a child stops the student again and again
# VERDICT: fail|error|timeout
import os, signal, time
parent = os.getpid()
if os.fork() == 0:
    end = time.time() + 15
    while time.time() < end:
        os.kill(parent, signal.SIGSTOP)
