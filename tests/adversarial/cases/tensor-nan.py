# INTENT: values that are not comparable
# VERDICT: fail
y = torch.full((3,), float("nan"))
total = float("nan")
print(30.0)
