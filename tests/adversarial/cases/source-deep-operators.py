# INTENT: a sum of fifty thousand terms
# VERDICT: fail|error|timeout
# SOURCE: "y = " + "1+" * 50_000 + "1"
