"""The program that is debugged: pre-exercise code unseen, then the submission as the learner's.

Started by debugpy with a plan, which holds what the learner's process may know and no more. The
submission is compiled under its own file's name, so that breakpoints in the file bind; the call
stack begins there, since the debugger is told to leave this folder out.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import json
import os
import sys
import traceback
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

HERE = Path(__file__).resolve().parent


def main(plan_file: str) -> None:
    """Runs the plan in a file, which is removed."""
    import debugpy

    debugpy.trace_this_thread(False)
    plan = json.loads(Path(plan_file).read_text("utf-8"))
    Path(plan_file).unlink()
    if not plan["sub_process"]:
        # A forked child has the breakpoints, but nobody who would let it go on from one.
        os.register_at_fork(after_in_child=untraced)
    run = prepare(plan)
    if run is not None:
        debugpy.trace_this_thread(True)
        exec(run, sys.modules["__main__"].__dict__)


def untraced() -> None:
    """Takes the debugger out of this process."""
    import debugpy

    debugpy.trace_this_thread(False)


def prepare(plan: Mapping[str, Any]) -> types.CodeType | None:
    """Runs the pre-exercise code; the submission, compiled, or null if it cannot be run."""
    from blankcheck_runner.debugging.values import present
    from blankcheck_runner.execute import Program
    from blankcheck_runner.runs import FILES

    present()
    for module in ("numpy", "torch"):
        warm(module)
    program = Program()
    program.begin(str(Path.cwd()), plan["seed"])
    if plan["device"]:
        program.bind_device(plan["device"], plan["placed"]["kind"])
    sys.excepthook = told
    ran = program.execute(plan["pre_exercise_code"], FILES["pre_exercise_code"], lambda _: None)
    if ran.error is not None:
        print(
            "The exercise's own pre-exercise code failed, not yours: "
            f"{type(ran.error).__name__}: {ran.error}",
            file=sys.stderr,
        )
        return None
    builtins.BlankNotFilled = BlankNotFilled  # type: ignore[attr-defined]
    program.place(plan["submission"], plan["file"])
    tree = ast.parse(plan["submission"], plan["file"])
    for blank in plan["blanks"]:
        stop_at(tree, blank["line"], blank["message"])
    return compile(tree, plan["file"], "exec", dont_inherit=True)


def warm(module: str) -> None:
    """Imports a library as for a check, so that the seed is its seed too."""
    try:
        loaded = importlib.import_module(module)
    except Exception:
        return
    if module == "torch":
        loaded.set_num_threads(1)


class BlankNotFilled(Exception):
    """The submission has come to a blank."""


BlankNotFilled.__module__ = "builtins"  # shown without a place


def stop_at(tree: ast.Module, line: int, message: str) -> None:
    """Makes the innermost statement on a line, counted from 1, stop with a message."""
    found: tuple[list[Any], int] | None = None
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        for _, value in ast.iter_fields(node):
            if not isinstance(value, list):
                continue
            for index, child in enumerate(cast("list[Any]", value)):
                if not isinstance(child, ast.AST):
                    continue
                waiting.append(child)
                if isinstance(child, ast.stmt) and child.lineno <= line <= (child.end_lineno or 0):
                    found = (cast("list[Any]", value), index)
    if found is None:
        return
    body, index = found
    name = ast.Name("BlankNotFilled", ast.Load())
    stop = ast.Raise(ast.Call(name, [ast.Constant(message)], []), None)
    for node in ast.walk(stop):
        ast.copy_location(node, body[index])
        node.lineno = node.end_lineno = line  # type: ignore[attr-defined]
    body.insert(index, stop)


def told(
    kind: type[BaseException], error: BaseException, trace: types.TracebackType | None
) -> None:
    """Prints an exception from where the learner's code begins."""
    while trace is not None and Path(trace.tb_frame.f_code.co_filename).parent != HERE:
        trace = trace.tb_next
    while trace is not None and Path(trace.tb_frame.f_code.co_filename).parent == HERE:
        trace = trace.tb_next
    traceback.print_exception(kind, error, trace)


if __name__ == "__main__":
    # The package that this is in, and nothing beside it, is to be found.
    sys.path[:] = [place for place in sys.path if place and Path(place).resolve() != HERE]
    sys.path.insert(0, str(HERE.parent.parent))
    importlib.import_module("blankcheck_runner")
    sys.path.pop(0)
    main(sys.argv[1])
