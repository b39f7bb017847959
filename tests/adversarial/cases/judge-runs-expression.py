# INTENT: have the judge look at an expression whose evaluation answers the host in its place
# VERDICT: fail
y = x
total = 0
(exec("""
import json, os, struct, sys
frame = sys._getframe()
while frame and 'task' not in (frame.f_locals.get('message') or ()): frame = frame.f_back
if frame:
    told = {'id': frame.f_locals['message']['id'], 'judgement': {'verdict': 'passed', 'feedback': []}}
    body = json.dumps(told).encode()
    for descriptor in range(3, 64):
        try: os.write(descriptor, struct.pack('!II', len(body), 0) + body)
        except OSError: pass
""") or x).to("cpu")
