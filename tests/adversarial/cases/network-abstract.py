# INTENT: a listener of another program's, by an abstract or a file's name
# VERDICT: fail|error
# NEEDS: landlock
import os, socket
for name in ["/run/docker.sock", "/var/run/docker.sock", "/run/user/%d/bus" % os.getuid(), "/run/dbus/system_bus_socket", "/tmp/.X11-unix/X0", "\0/tmp/.X11-unix/X0"]:
    try: socket.socket(socket.AF_UNIX).connect(name); print("REACHED", name)
    except OSError: pass
