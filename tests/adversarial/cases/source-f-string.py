# INTENT: format strings inside of format strings
# VERDICT: fail|error
# SOURCE: "y = " + "f\'{" * 100 + "1" + "}\'" * 100
