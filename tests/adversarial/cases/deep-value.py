# INTENT: a list nested a million deep
# VERDICT: fail|error
y = []
for _ in range(1_000_000): y = [y]
total = y
