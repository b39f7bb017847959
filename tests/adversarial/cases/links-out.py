# INTENT: hard and symbolic links, and renames, to what lies outside
# VERDICT: fail
# NEEDS: landlock
import os
for n, act in enumerate((os.symlink, os.link, os.rename)):
    for path in ("../../../home/secret.txt", "../../../course/chapter.md", "/etc/passwd"):
        try: act(os.path.abspath(path), "link%d%s" % (n, os.path.basename(path)))
        except OSError: pass
for name in os.listdir("."):
    try:
        text = open(name).read()
        if "person" in text or "solution" in text: print("REACHED", name)
        open(name, "w").write("spoiled")
    except OSError: pass
