"""Evaluates an SCT: runs it as Python with the vocabulary in its namespace.

The SCT's first failing check ends it. What goes wrong in the SCT itself makes the verdict `broken`,
with the line at fault; nothing that an SCT or a submission does raises here.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import inspect
import io
import traceback
import types
from typing import Any

from blankcheck_runner.judge import (
    calls,
    classic,
    classic_parts,
    logic,
    misconceptions,
    parts,
    text,
    values,
    variables,
)
from blankcheck_runner.judge.chain import SCT_FILE, Chain, find, maker, run_statement
from blankcheck_runner.judge.messages import author_text, nearest
from blankcheck_runner.judge.state import Failed, SctError, Session
from blankcheck_runner.judge.table import WORDS
from blankcheck_runner.judge.task import Judgement, Process, Task
from blankcheck_runner.positions import Positions
from blankcheck_runner.wire import Feedback

VOCABULARY = (calls, classic, classic_parts, logic, parts, text, values, variables)
"""The modules that fill the table of words by being imported."""
_RUN = "__run__"
_WORD = "__word__"
MAX_DEPTH = 150
"""Levels of syntax in a submission; `ast.unparse` needs several calls for each."""
_TAUGHT = ("pythonwhat", "protowhat")
"""Packages that an SCT may import its words from; here they are there without."""


def judge(task: Task, student: Process, reference: Process) -> Judgement:
    """Evaluates the task's SCT; never raises for what an SCT or a submission does."""
    session = Session(task, student, reference)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            _evaluate(session)
    except Failed as failed:
        told = misconceptions.explain_failure(
            task, student, reference, failed.feedback, authored=failed.authored
        )
        more = [item for item in failed.more if item.start != told.start]
        return Judgement("failed", (told, *more, *session.notes))
    except SctError as error:
        return _broken(task, error.line or _line_of(error), str(error))
    except SyntaxError as error:
        what = (error.msg or "syntax error").rstrip(".")
        return _broken(task, error.lineno, f"The SCT is not valid Python: {what}.")
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return _broken(task, _line_of(error), _told(error))
    return _passed(session)


def _evaluate(session: Session) -> None:
    task = session.task
    if session.submission.error is not None:
        reason = session.submission.error.msg
        feedback = Feedback("sct/structure", f"This is not valid Python yet: {reason}.")
        raise Failed(feedback)
    if _deep(session.submission.tree):
        message = "This is nested too deeply to be checked; take it apart into smaller statements."
        raise Failed(Feedback("sct/structure", message))
    session.current.append(session.root())
    exec(_compiled(task.sct), _namespace(session))
    if task.submission_raised is not None and not session.errors_allowed:
        raise Failed(logic.raised_feedback(task.submission_raised))
    if not session.checked:
        logic.check_solution(session.root())


@functools.lru_cache(16)
def _compiled(sct: str) -> types.CodeType:
    tree = _Preparing().visit(ast.parse(sct))
    return compile(ast.fix_missing_locations(tree), SCT_FILE, "exec")


def _namespace(session: Session) -> dict[str, Any]:
    """What an SCT finds: every word, `Ex`, `F` and what is needed to write signatures."""
    return {
        "__name__": "__sct__",
        **{name: maker(word) for name, word in WORDS.items()},
        **_others(session),
        _RUN: lambda value: run_statement(session, value),  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
        _WORD: lambda name: _imported(session, name),  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    }


def _others(session: Session) -> dict[str, Any]:
    return {
        "Ex": lambda *_: Chain((), session.root()),  # pyright: ignore[reportUnknownLambdaType]
        "F": Chain,
        "param": inspect.Parameter,
        "sig_from_params": calls.sig_from_params,
        "sig_from_obj": calls.sig_from_obj,
    }


def _imported(session: Session, name: str) -> Any:
    """A word that the SCT imports."""
    others = _others(session)
    return others[name] if name in others else maker(find(name))


class _Preparing(ast.NodeTransformer):
    """Makes a statement that is only an expression run what it made: a word that stands alone is a
    check, while one that is another word's argument waits for that word."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        self.generic_visit(node)
        called = ast.Call(ast.Name(_RUN, ast.Load()), [node.value], [])
        return ast.copy_location(ast.Expr(ast.copy_location(called, node)), node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | list[ast.AST]:
        if (node.module or "").partition(".")[0] not in _TAUGHT:
            return node
        made: list[ast.AST] = [ast.copy_location(ast.Pass(), node)]
        for alias in node.names:
            if alias.name == "*":
                continue
            word = ast.Call(ast.Name(_WORD, ast.Load()), [ast.Constant(alias.name)], [])
            name = ast.Name(alias.asname or alias.name, ast.Store())
            made.append(ast.copy_location(ast.Assign([name], word), node))
        return made


def _deep(tree: ast.AST) -> bool:
    """Whether a tree is nested deeper than recursive functions can go."""
    level: list[ast.AST] = [tree]
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return False
    return True


def _passed(session: Session) -> Judgement:
    if not session.success:
        return Judgement("passed", (*session.notes,))
    message = author_text(session.success, {})
    told = Feedback("sct/success", message, severity="information")
    return Judgement("passed", (told, *session.notes))


def _broken(task: Task, line: int | None, message: str) -> Judgement:
    start = end = None
    if line is not None:
        places = Positions(task.sct)
        start = places.offset(line, 0)
        content = task.sct[start : places.offset(line, 10**9)]
        end = start + len(content.rstrip())
        start += len(content) - len(content.lstrip())
    feedback = Feedback("author/sct", message, part="sct", start=start, end=end)
    return Judgement("broken", (feedback,))


def _line_of(error: BaseException) -> int | None:
    """The SCT's line that was running."""
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == SCT_FILE
    ]
    return lines[-1] if lines else None


def _told(error: BaseException) -> str:
    if isinstance(error, NameError) and error.name:
        known = {*WORDS, "Ex", "F"}
        return f"There is no check `{error.name}`{nearest(error.name, known) or '.'}"
    if isinstance(error, RecursionError):
        return "The SCT calls itself without end."
    detail = f": {error}" if str(error) else ""
    return f"The SCT raised {type(error).__name__}{detail}."
