# INTENT: take away every module
# VERDICT: fail|error
import sys
sys.modules.clear()
y = total = 0
