# INTENT: a program with more rights
# VERDICT: fail|error
# NEEDS: landlock
import subprocess
for program in ("su", "sudo", "mount", "passwd", "newgrp"):
    try:
        done = subprocess.run([program, "-c", "id"], capture_output=True, stdin=subprocess.DEVNULL, timeout=2)
        if done.returncode == 0 and b"uid=0" in done.stdout and b"uid=0" not in subprocess.run(["id"], capture_output=True).stdout: print("REACHED", program)
    except (OSError, subprocess.SubprocessError): pass
