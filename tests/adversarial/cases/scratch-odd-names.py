# INTENT: files whose names are no text, and pipes, sockets and devices
# VERDICT: fail
# NEEDS: landlock
import os, socket
for name in (b"\xff\xfe", b"new\nline", b"-rf", b"a" * 255, "\u202egpj.exe".encode()):
    open(name, "w").close()
os.mkfifo("torch.py")
socket.socket(socket.AF_UNIX).bind("s")
try: os.mknod("d", 0o60666, os.makedev(8, 0)); print("REACHED")
except OSError: pass
