# INTENT: kill the own group and session
# VERDICT: fail|error|timeout
import os, signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.killpg(0, signal.SIGSTOP)
