# INTENT: forge an answer whose prints are longer than what may be passed on
# VERDICT: fail|error
import os, socket, stat, struct, time
for number in range(1, 12):
    text = ('{"id": %d, "prints": [["' % number + "é" * 12_000_000 + '", 1]], "crash": null}').encode()
    for d in range(3, 32):
        try:
            if stat.S_ISSOCK(os.fstat(d).st_mode):
                socket.socket(fileno=os.dup(d)).sendall(struct.pack("!II", len(text), 0) + text)
        except OSError: pass
