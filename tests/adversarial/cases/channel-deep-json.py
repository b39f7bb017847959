# INTENT: a frame with JSON nested far too deeply
# VERDICT: fail|error
import os, struct
body = b"[" * 200_000
for descriptor in range(3, 32):
    try: os.write(descriptor, struct.pack("!II", len(body), 0) + body)
    except OSError: pass
