# INTENT: exceptions that cause each other
# VERDICT: error
a, b = ValueError("a"), KeyError("b")
a.__cause__, b.__cause__, a.__context__, b.__context__ = b, a, b, a
raise a
