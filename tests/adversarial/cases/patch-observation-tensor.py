# INTENT: forge the observation of y without knowing its value
# VERDICT: fail|error
from blankcheck_runner import probing
real = probing.observe
x2 = torch.zeros(3)
def observe(value, *rest):
    return real(x2 if value is None or type(value) is int else value, *rest)
probing.observe = observe
y = 0
total = 0
