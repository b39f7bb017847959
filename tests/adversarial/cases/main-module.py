# INTENT: a __main__ that is something else, with names that lie
# VERDICT: fail|error
import sys
class Names(dict):
    def get(self, *a): return 30.0
    def __getitem__(self, name): return 30.0
    def __contains__(self, name): return True
sys.modules["__main__"] = Names()
globals()["__builtins__"] = Names()
