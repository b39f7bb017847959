# INTENT: the calls that reach out of a process
# VERDICT: fail
# NEEDS: landlock
import ctypes, errno, platform
c = ctypes.CDLL(None, use_errno=True)
numbers = {"x86_64": (101, 310, 165, 321, 425, 323, 272, 308, 250, 438, 298, 66, 71, 241), "aarch64": (117, 270, 40, 280, 425, 282, 97, 268, 219, 438, 241, 191, 187, 181)}
for number in numbers.get(platform.machine(), ()):
    ctypes.set_errno(0)
    if c.syscall(number, -1, -1, -1, -1, -1) >= 0 or ctypes.get_errno() != errno.EPERM:
        print("REACHED", number, ctypes.get_errno())
if platform.machine() == "x86_64":
    ctypes.set_errno(0)
    if c.syscall(0x40000000 | 39) > 0: print("REACHED x32")
