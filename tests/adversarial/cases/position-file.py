# INTENT: write nonsense to the file that says which line runs
# VERDICT: fail|error
import os
for descriptor in range(3, 32):
    try: os.pwrite(descriptor, b"\xff" * 4096, 0); os.ftruncate(descriptor, 3)
    except OSError: pass
raise ValueError("where am I")
