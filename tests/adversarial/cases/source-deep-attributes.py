# INTENT: a chain of attributes a hundred thousand long
# VERDICT: fail|error
# SOURCE: "y = x" + ".T" * 100_000
