# INTENT: source that makes the compiler warn without end
# VERDICT: fail|error
# SOURCE: "\'\\d\'; 1 is 1; assert (1, 2)\n" * 3000
