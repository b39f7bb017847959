# INTENT: fifty thousand files
# VERDICT: fail|error|timeout
import os
for n in range(50_000): os.close(os.open("f%d" % n, os.O_CREAT | os.O_WRONLY))
