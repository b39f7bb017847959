# INTENT: a tensor of 10**15 elements that takes no memory
# VERDICT: fail|error
y = torch.zeros(1).expand(10**15)
total = 30.0
print(total)
