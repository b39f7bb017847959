# INTENT: values that never answer
# VERDICT: fail|timeout|error
import time
class T(torch.Tensor): pass
class V:
    def __repr__(self): time.sleep(1000)
    __str__ = __getattribute__ = __reduce__ = lambda *a: time.sleep(1000)
y = V()
total = V()
