# INTENT: a container that grows while it is looked at
# VERDICT: fail|error|timeout
class D(dict):
    def items(self):
        while True: yield (len(self), self.setdefault(len(self), 0))
class E(list):
    def __iter__(self):
        while True: yield 30.0
    def __len__(self): return 10**18
y, total = E([1.0]), D(a=1)
