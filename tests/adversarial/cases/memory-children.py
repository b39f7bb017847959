# INTENT: children that together take more than one may
# VERDICT: fail|error|limit|timeout
import os, time
for _ in range(8):
    if os.fork() == 0:
        kept = bytearray(2**28); time.sleep(600)
time.sleep(1)
