# INTENT: write to address 0
# VERDICT: error
import ctypes
ctypes.memset(0, 1, 1)
