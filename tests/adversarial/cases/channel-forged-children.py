# INTENT: tell the host that processes ended, and that a fork has the id of init
# VERDICT: fail|error
import json, os, struct
frames = b""
for message in ({"op": "exited", "pid": 1, "status": 0}, *({"id": n, "pid": 1, "error": None} for n in range(1, 12))):
    body = json.dumps(message).encode()
    frames += struct.pack("!II", len(body), 0) + body
for descriptor in range(3, 32):
    try: os.write(descriptor, frames)
    except OSError: pass
