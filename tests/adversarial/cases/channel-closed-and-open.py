# INTENT: close every descriptor, put files in their place
# VERDICT: fail|error
import os
for descriptor in range(0, 64):
    try: os.close(descriptor)
    except OSError: pass
for descriptor in range(0, 64):
    try: os.open("f%d" % descriptor, os.O_CREAT | os.O_RDWR)
    except OSError: pass
