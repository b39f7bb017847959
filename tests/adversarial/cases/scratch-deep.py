# INTENT: folders in folders, deeper than recursive functions and path names go
# VERDICT: fail|timeout
import os

started = os.getcwd()
for _ in range(1100):
    os.mkdir("deep" * 10)
    os.chdir("deep" * 10)
open("file", "w").close()
os.symlink("/", "link")
os.chmod("..", 0o500)
os.chdir(started)
y = x
total = 0
