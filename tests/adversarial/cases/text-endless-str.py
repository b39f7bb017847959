# INTENT: an exception whose message never comes
# VERDICT: error|timeout
class E(Exception):
    def __str__(self):
        while True: pass
raise E("x")
