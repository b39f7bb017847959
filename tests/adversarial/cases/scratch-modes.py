# INTENT: leave folders that cannot be removed easily
# VERDICT: fail
import os
os.makedirs("a/" * 100)
open("a/f", "w").write("x")
os.chmod("a/f", 0); os.chmod("a/a/a", 0); os.chmod("a", 0); os.chmod(".", 0)
