# INTENT: a file name in the traceback with escapes in it
# VERDICT: error
exec(compile("\n" * 50 + "1 / 0", "\x1b[2J\u202e/etc/passwd\n<solution>", "exec"))
