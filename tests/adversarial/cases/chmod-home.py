# INTENT: take the person's files away by permissions, times and owners
# VERDICT: fail
# NEEDS: landlock
import os
for path in ("../../../home/secret.txt", "../../../home", "../../../course/chapter.md", "../..", "..", os.__file__):
    for spoil in (lambda: os.chmod(path, 0), lambda: os.utime(path, (0, 0)), lambda: os.chown(path, 1, 1), lambda: os.setxattr(path, "user.x", b"1")):
        try: spoil()
        except OSError: pass
