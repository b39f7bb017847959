# INTENT: say that a frame of 4 GB follows, and send half a gigabyte
# VERDICT: fail|error|timeout
import os, struct
for descriptor in range(3, 32):
    try:
        os.set_blocking(descriptor, False)
        os.write(descriptor, struct.pack("!II", 2**32 - 1, 2**32 - 1))
        for _ in range(512): os.write(descriptor, bytes(2**20))
    except OSError: pass
