# INTENT: __del__ and weak references that act when the probes end
# VERDICT: fail|error
import os, weakref
class D:
    def __del__(self):
        os.write(1, b"30.0\n"); os._exit(0)
y, total = D(), D()
weakref.finalize(y, os._exit, 0)
