# INTENT: timers and alarms that fire without end
# VERDICT: fail|error|timeout
import signal
signal.signal(signal.SIGALRM, lambda *a: None)
signal.setitimer(signal.ITIMER_REAL, 0.0001, 0.0001)
y = total = 0
