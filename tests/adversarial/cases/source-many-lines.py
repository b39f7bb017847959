# INTENT: thirty thousand statements
# VERDICT: fail|error|timeout
# SOURCE: "y = 0\n" * 30_000
