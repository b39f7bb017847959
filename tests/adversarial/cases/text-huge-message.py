# INTENT: an exception whose message is 300 MB long, in one line
# VERDICT: error
raise ValueError("A\u202e" * 150_000_000)
