# INTENT: iterators with no end
# VERDICT: fail|error|timeout
import itertools
y = map(float, itertools.count())
total = (n for n in iter(int, 1))
