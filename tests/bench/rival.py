"""Times pythonwhat's own local runner on an exercise. Runs in a throwaway environment.

Reads the exercise as JSON and a line for each run that is wanted; answers each with the seconds
that it took. torch is imported before, and what a run leaves behind is ended outside of the time.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import multiprocessing
import sys
import time
from typing import Any


def main() -> None:
    """Checks the exercise as often as asked."""
    asked = json.loads(sys.stdin.readline())
    __import__("torch")
    local: Any = importlib.import_module("pythonwhat.local")
    judge: Any = importlib.import_module("pythonwhat.test_exercise")
    print("ready", flush=True)
    for _ in sys.stdin:
        begun = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()):
            solution, student, output, error = local.run_exercise(
                asked["preparation"], asked["answer"], asked["answer"]
            )
            verdict = judge.test_exercise(
                asked["sct"], asked["answer"], asked["answer"], asked["preparation"],
                student, solution, output, "NormalExercise", error,
            )  # fmt: skip
        spent = time.perf_counter() - begun
        print(json.dumps({"seconds": spent, "passed": bool(verdict.get("correct"))}), flush=True)
        for child in multiprocessing.active_children():
            child.kill()
            child.join()


if __name__ == "__main__":
    main()
