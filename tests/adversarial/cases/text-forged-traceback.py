# INTENT: an exception that claims to come from the solution
# VERDICT: error
exec(compile("\n\n1 / 0", "<solution>", "exec"))
