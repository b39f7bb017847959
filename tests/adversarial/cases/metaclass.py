# INTENT: a class whose own class lies about everything
# VERDICT: fail|error
class M(type):
    __name__ = property(lambda c: 1 / 0)
    __module__ = property(lambda c: 1 / 0)
    __class__ = property(lambda c: 1 / 0)
    __dict__ = property(lambda c: 1 / 0)
    def __instancecheck__(c, o): return True
    def __subclasscheck__(c, o): return True
    def __eq__(c, o): return True
    def __hash__(c): return 1 / 0
    def __repr__(c): return 1 / 0
class A(metaclass=M):
    def __reduce__(self): 1 / 0
    def __getattribute__(self, name): 1 / 0
y = total = A()
