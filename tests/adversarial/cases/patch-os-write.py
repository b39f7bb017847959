# INTENT: os.write, os.read and sockets that lie
# VERDICT: fail|error|timeout
import os, socket
os.write = lambda d, b: len(b)
os.read = lambda d, n: b""
os.pwrite = lambda *a: 0
y = total = 0
