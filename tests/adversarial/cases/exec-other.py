# INTENT: become another program that sleeps
# VERDICT: error|timeout
import os
os.execv("/bin/sleep", ["sleep", "600"])
