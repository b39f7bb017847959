# INTENT: write to the output what looks like the end of a frame and half a character
# VERDICT: fail
import os
os.write(1, b"\xf0\x9f\x98" + bytes(range(256)) * 50 + b"\r\r\n\x1b]52;c;aGk=\x07\x1b]8;;http://x\x07x\x1b]8;;\x07")
