# INTENT: functions in functions in functions
# VERDICT: fail|error
# SOURCE: "y = " + "lambda: " * 3000 + "0"
