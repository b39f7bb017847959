# INTENT: every kind of socket to the outside
# VERDICT: fail|error
# NEEDS: landlock
import socket
for family in (socket.AF_INET, socket.AF_INET6, socket.AF_PACKET, socket.AF_NETLINK, 40):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW):
        try: socket.socket(family, kind); print("REACHED", family, kind)
        except OSError: pass
