# INTENT: disable what the worker waits and is told with
# VERDICT: fail|error|timeout
import select, signal, os
select.select = lambda *a: ([], [], [])
os.fork = lambda: 0
signal.signal(signal.SIGUSR1, signal.SIG_IGN)
y = total = 0
