# INTENT: set limits and priorities of the process that it was started from
# VERDICT: fail
# NEEDS: landlock
import ctypes, os, resource
other = os.getppid()
changes_nothing = (
    lambda: resource.prlimit(other, resource.RLIMIT_CPU),
    lambda: os.setpriority(os.PRIO_PROCESS, other, os.getpriority(os.PRIO_PROCESS, other)),
    lambda: os.sched_setaffinity(other, os.sched_getaffinity(other)),
    lambda: os.sched_setscheduler(other, os.sched_getscheduler(other), os.sched_getparam(other)),
)
for number, call in enumerate(changes_nothing):
    try: call(); print("REACHED", number)
    except PermissionError: pass
resource.setrlimit(resource.RLIMIT_CPU, resource.getrlimit(resource.RLIMIT_CPU))
os.sched_setaffinity(0, os.sched_getaffinity(0))
