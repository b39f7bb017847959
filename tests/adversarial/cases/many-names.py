# INTENT: a hundred thousand variables
# VERDICT: fail|error
for n in range(100_000): globals()["name%d" % n] = n
y = total = 0
