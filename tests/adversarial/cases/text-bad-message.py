# INTENT: an exception whose message cannot be made
# VERDICT: error
class E(Exception):
    def __str__(self): return self
    __repr__ = lambda self: 1 / 0
    args = property(lambda self: 1 / 0)
raise E
