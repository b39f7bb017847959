# INTENT: set a file's attributes by the calls of newer kernels, as permissions are too
# VERDICT: fail
# NEEDS: landlock
import ctypes, os, struct
open("own", "w").close()
value = ctypes.create_string_buffer(b"v", 1)
arguments = ctypes.create_string_buffer(struct.pack("=QII", ctypes.addressof(value), 1, 0), 16)
ctypes.CDLL(None).syscall(463, -100, b"own", 0, b"user.left", arguments, 16)
try: print("REACHED", os.getxattr("own", "user.left"))
except OSError: pass
