# INTENT: frames whose fields have types that nobody expects
# VERDICT: fail|error
import json, os, struct
for message in ({"id": []}, {"id": {"a": 1}}, {"op": "exited", "pid": "x", "status": None}, {"op": "exited", "pid": 10**30, "status": 10**30}, {"id": 1, "prints": 5, "crash": [1]}, {"id": 2, "crash": {"frames": [[1]], "type": 7}}, {}):
    body = json.dumps(message).encode()
    for descriptor in range(3, 32):
        try: os.write(descriptor, struct.pack("!II", len(body), 0) + body)
        except OSError: pass
