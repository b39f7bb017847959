# INTENT: change the files of the process that knows the solution
# VERDICT: fail
# NEEDS: landlock
import os
for folder, folders, names in os.walk("../.."):
    if os.path.realpath(folder) != os.getcwd() and (names or folders):
        print("REACHED", folder, names)
