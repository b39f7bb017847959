# INTENT: five thousand decorators
# VERDICT: fail|error|timeout
# SOURCE: "@print\n" * 5000 + "def y(): pass\n"
