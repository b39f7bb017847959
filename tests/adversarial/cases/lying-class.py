# INTENT: objects that say they are tensors
# VERDICT: fail|error
class L:
    __class__ = property(lambda self: torch.Tensor)
    shape, dtype, device = (3,), torch.float32, "cpu"
    def __getattr__(self, name): return lambda *a, **k: self
    def __eq__(self, other): return True
    def __bool__(self): return True
    def __float__(self): return 30.0
y = total = L()
