# INTENT: leave shared memory that has a name
# VERDICT: fail|error
# NEEDS: full
import ctypes, os
c = ctypes.CDLL(None)
c.shmget(4242, 4096, 0o1666)
from multiprocessing import resource_tracker, shared_memory
resource_tracker.register = lambda *a: None
try: shared_memory.SharedMemory("blankcheck-left", create=True, size=4096)
except OSError: pass
