"""Files that the solution writes: the submission is to write them too, with the same content."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any, cast

from blankcheck_runner.judge import printed
from blankcheck_runner.judge.places import called, counterpart, same
from blankcheck_runner.judge.statements import Span, Unit
from blankcheck_runner.judge.task import Probe, Process

if TYPE_CHECKING:
    from blankcheck_runner.judge.derived import Derivation

_WRITES = re.compile(r"open\(|save|write|to_\w+\(|dump\(|touch\(|mkdir\(|export")
_MOST_BYTES = 2**18
"""Of one text file that is compared."""
_READING = """\
import os as __os
__files = {{}}
for __folder, __folders, __names in __os.walk("."):
    for __name in sorted(__names):
        __path = __os.path.relpath(__os.path.join(__folder, __name), ".").replace(__os.sep, "/")
        __content = None
        try:
            if __os.path.getsize(__path) <= {most}:
                with open(__path, encoding="utf-8") as __file:
                    __content = __file.read()
        except (OSError, ValueError):
            pass
        if len(__files) < 200:
            __files[__path] = __content
"""


def check(derivation: Derivation) -> None:
    """Compares the files that are there at the end, where the solution writes any."""
    if derivation.wrong or not _WRITES.search(derivation.task.solution):
        return
    wanted, found = _files(derivation.reference), _files(derivation.student)
    if wanted is None or found is None:
        return
    for path, content in wanted.items():
        unit = _writer(derivation, path)
        if unit is None:
            continue  # it was there before
        if path not in found:
            others = [f"`{other}`" for other in found if other not in wanted]
            wrote = f"; you wrote {others[0]}" if len(others) == 1 else ""
            message = f"There is no file `{path}`, which the exercise asks for{wrote}."
            derivation.add("sct/missing", message, _place(derivation, unit), unit)
        elif content is not None and not _alike(derivation, content, found[path]):
            message = f"The file `{path}` does not hold what is expected."
            if not (found[path] or "").strip():
                message = f"The file `{path}` is empty: nothing was written to it."
            derivation.add("sct/output", message, _place(derivation, unit))


def _files(process: Process) -> dict[str, str | None] | None:
    """The files in a process's folder, those of text with their content."""
    answer = process.probe(Probe(_READING.format(most=_MOST_BYTES), "__files"))
    value = cast(object, answer.value)
    if answer.raised is not None or not isinstance(value, dict):
        return None
    known = cast("dict[Any, Any]", value)
    if not all(type(key) is str and type(item) in (str, type(None)) for key, item in known.items()):
        return None
    return known


def _alike(derivation: Derivation, wanted: str, found: str | None) -> bool:
    if found is None:
        return False
    rows = printed.tokens(wanted), printed.tokens(found)
    if wanted.split() == found.split() or (rows[0] and printed.same(*rows)):
        return True
    # Numbers that rest on the learner's own draws.
    return bool(derivation.replay.own) and printed.alike(*rows)


def _writer(derivation: Derivation, path: str) -> Unit | None:
    """The solution's statement that writes a file, as far as its name is written there."""
    name = path.rpartition("/")[2]
    for unit in reversed(derivation.solution.units):
        constants = [
            node.value
            for node in ast.walk(unit.node)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
        if _WRITES.search(unit.text) and any(name in text for text in constants):
            return unit
    return None


def _place(derivation: Derivation, unit: Unit) -> Span:
    """Where the submission writes, or should write, what a statement of the solution does."""
    submission = derivation.submission
    own = counterpart(submission, unit)
    if own is None or same(own.node, unit.node):
        wanted = _callees(unit)
        own = next((one for one in submission.units if wanted & _callees(one)), None)
    if own is None:
        return derivation.after(unit)
    start, end = submission.span(own.node)
    line_end = submission.text.find("\n", start)
    return start, min(end, line_end if line_end >= 0 else end)


def _callees(unit: Unit) -> set[str]:
    """The functions with which a statement writes."""
    calls = (node for node in ast.walk(unit.node) if isinstance(node, ast.Call))
    return {name for call in calls if (name := called(call)) and _WRITES.search(f"{name}(")}
