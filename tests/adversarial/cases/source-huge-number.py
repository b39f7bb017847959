# INTENT: a number of nine hundred thousand digits
# VERDICT: fail|error|timeout
# SOURCE: "y = " + "9" * 900_000
