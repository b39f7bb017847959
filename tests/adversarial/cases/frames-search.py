# INTENT: walk all frames of all threads, their globals and closures
# VERDICT: fail
import re, sys
wanted = re.compile(r'[c]heck_object\("[t]otal|[y]\.sum\(\)\.[i]tem')
for frame in sys._current_frames().values():
    while frame:
        for place in (frame.f_locals, frame.f_globals):
            for name, value in list(place.items()):
                if isinstance(value, (str, dict, tuple, list)) and wanted.search(repr(value)[:1000000]):
                    print("REACHED", name)
        frame = frame.f_back
