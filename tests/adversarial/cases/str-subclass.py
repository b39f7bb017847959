# INTENT: a name that is a string, and is not
# VERDICT: fail|error
class S(str):
    def __eq__(self, other): return True
    def __hash__(self): return hash("y")
globals()[S("z")] = 1
print(S("30.0"))
total = S("30.0")
y = S("y")
