# INTENT: tell the host, in words of its own, that code cannot be run here
# VERDICT: fail|error
import json, os, struct, sys
frame = sys._getframe()
while "message" not in frame.f_locals: frame = frame.f_back
body = json.dumps({"id": frame.f_locals["message"]["id"], "unable": "run [this](command:x) \x1b[2J" * 999}).encode()
for descriptor in range(3, 32):
    try: os.write(descriptor, struct.pack("!II", len(body), 0) + body)
    except OSError: pass
