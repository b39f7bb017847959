# INTENT: bytes that are no text, and a NUL in the middle
# VERDICT: fail|error
# SOURCE: "y = 0\ntotal = \'a\0b\udc80\udcff\'\nprint(total)\n"
