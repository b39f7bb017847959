# INTENT: break the frames that this process sends
# VERDICT: fail|error
import sys, struct
from blankcheck_runner import wire
class S:
    size = 8
    def pack(self, *a): return b"\xff" * 8
    def unpack(self, *a): return (2**31, 2**31)
wire.HEADER = S()
