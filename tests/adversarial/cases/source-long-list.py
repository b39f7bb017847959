# INTENT: a list of a hundred thousand numbers in one line, then an error
# VERDICT: error
# SOURCE: "q = [" + "1," * 95_000 + "]\n1 / 0\n"
