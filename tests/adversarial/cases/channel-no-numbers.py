# INTENT: numbers in frames that are infinite
# VERDICT: fail|error
import os, struct
body = b'{"op": "exited", "pid": Infinity, "status": 0}'
for descriptor in range(3, 32):
    try: os.write(descriptor, struct.pack("!II", len(body), 0) + body)
    except OSError: pass
y = x
