# INTENT: a number with a hundred million digits
# VERDICT: fail|error|timeout
y = 1 << 400_000_000
total = y
