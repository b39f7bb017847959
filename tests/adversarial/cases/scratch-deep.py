# INTENT: folders in folders, deeper than recursive functions and path names go
# VERDICT: fail|timeout
import os

started = os.getcwd()
for _ in range(4000):
    os.mkdir("d")
    os.chdir("d")
open("file", "w").close()
os.symlink("/", "link")
os.chmod("..", 0o500)
os.chdir(started)
y = x
total = 0
