# INTENT: read and write the person's files, by every name that there is
# VERDICT: fail
# NEEDS: landlock
import glob, os, pwd
places = [os.path.expanduser("~"), pwd.getpwuid(os.getuid()).pw_dir, "/root", "/home", "..", "../..", "../../..", os.environ.get("HOME", "/")]
for place in places:
    try: names = os.listdir(place)
    except OSError: continue
    if os.path.realpath(place) != os.getcwd(): print("REACHED", place, names)
try: open("../../../home/secret.txt"); print("REACHED secret")
except OSError: pass
try: open("../../../course/chapter.md"); print("REACHED course")
except OSError: pass
