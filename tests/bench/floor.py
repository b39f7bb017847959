"""The floor: a process that has warmed torch up, and forks once for each text that it is sent.

Nothing of ours: no channel but a pipe, no judge, no containment. The child runs the lines and
answers itself; the parent reaps it afterwards.
"""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import sys


def main() -> None:
    """Serves until the input ends: a line of JSON each way."""
    prepared: dict[str, object] = {}
    torch = __import__("torch")
    torch.set_num_threads(1)
    for line in sys.stdin:
        message = json.loads(line)
        if "prepare" in message:
            exec(message["prepare"], prepared)
            with contextlib.redirect_stdout(io.StringIO()):
                exec(message["warm"], dict(prepared))
            gc.collect()
            gc.freeze()
            print("ready", flush=True)
            continue
        child = os.fork()
        if child == 0:
            output = io.StringIO()
            with contextlib.redirect_stdout(output):
                exec(compile(message["run"], "submission.py", "exec"), prepared)
            os.write(1, json.dumps(output.getvalue()).encode() + b"\n")
            os._exit(0)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
