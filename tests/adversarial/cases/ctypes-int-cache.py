# INTENT: make the small number 0 a 1, in this process
# VERDICT: fail|error|timeout
import ctypes, sys
ctypes.c_long.from_address(id(256) + 24).value = 257
ctypes.c_long.from_address(id(30) + 24).value = 31
y, total = 0, 31
