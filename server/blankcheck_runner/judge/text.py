"""Words that look at source text, at printed output, at imports and at files."""

from __future__ import annotations

import ast
import re
from typing import Any, cast

from blankcheck_runner.judge.calls import find_calls
from blankcheck_runner.judge.code import code_of, statements_code
from blankcheck_runner.judge.messages import ordinal
from blankcheck_runner.judge.state import Part, SctError, Source, State
from blankcheck_runner.judge.syntax import dump, outermost
from blankcheck_runner.judge.table import word
from blankcheck_runner.judge.task import Probe


@word("has_code", "test_student_typed")
def has_code(
    state: State, text: str, pattern: bool = True, not_typed_msg: str | None = None
) -> None:
    """The part's source text holds the text, or matches the pattern."""
    if not _matches(text, pattern, source_text(state)):
        own = "A piece of code that is asked for is not there; compare with the instructions."
        raise state.fail("sct/structure", own, not_typed_msg, values={"text": text})


@word("has_output", "test_output_contains")
def has_output(
    state: State, text: str, pattern: bool = True, no_output_msg: str | None = None
) -> None:
    """What the submission printed holds the text, or matches the pattern."""
    if not _matches(text, pattern, state.session.task.submission_output):
        own = "The printed output is not what is asked for; compare with the instructions."
        raise state.fail("sct/output", own, no_output_msg, values={"text": text})


@word("has_printout")
def has_printout(
    state: State,
    index: Any,
    not_printed_msg: str | None = None,
    pre_code: str | None = None,
    name: str | None = None,
    copy: bool = False,
) -> None:
    """What the solution's `index`-th `print` call prints is in the submission's output."""
    printing = find_calls(state, "reference", "print")
    if not isinstance(index, int) or not 0 <= index < len(printing):
        raise SctError(
            f"`has_printout({index!r})`: the solution has {_counted(len(printing))}; "
            "count them from 0."
        )
    expected = _printed(state, printing[index], pre_code)
    if not prints(expected, state.session.task.submission_output):
        own = _printout_message(state, printing[index], index)
        values = {"sol_call": ast.unparse(printing[index]), "index": index}
        span = None
        mine = find_calls(state, "student", "print")
        if index < len(mine):
            span = state.session.submission.span((mine[index],))
        missing = None if span else printing[index]
        raise state.fail(
            "sct/output", own, not_printed_msg, values=values, span=span, missing=missing
        )


@word("has_equal_ast", "test_student_ast")
def has_equal_ast(
    state: State,
    incorrect_msg: str | None = None,
    code: str | None = None,
    exact: bool = True,
    append: bool | None = None,
) -> None:
    """The part is written as in the solution, spacing and comments aside; with `exact=False`, it
    holds what is."""
    if code is not None and incorrect_msg is None:
        raise SctError("`has_equal_ast` with `code=` needs an `incorrect_msg=` too.")
    expected = state.solution.nodes
    if code is not None:
        source = Source(code)
        if source.error is not None:
            raise SctError(f"`has_equal_ast`: `code` is not valid Python ({source.error.msg}).")
        expected = (*source.tree.body,)
    mine = state.student.nodes
    if (
        len(expected) == 1
        and isinstance(expected[0], ast.Expr)
        and (not exact or (len(mine) == 1 and isinstance(mine[0], ast.expr)))
    ):
        expected = (expected[0].value,)
    wanted = [dump(node) for node in expected]
    found = [dump(node) for node in mine] == wanted
    if not found and not exact:
        found = any(_holds(node, wanted) for node in mine)
    if not found:
        own = "This is not the code that the instructions ask for; read them again word by word."
        raise state.fail("sct/structure", own, incorrect_msg)


@word("has_import")
def has_import(
    state: State,
    name: str,
    same_as: bool = False,
    not_imported_msg: str | None = None,
    incorrect_as_msg: str | None = None,
) -> None:
    """The module (or name from a module) is imported; with `same_as`, under the same name."""
    expected = _imports(state.solution.nodes)
    if name not in expected:
        raise SctError(f"`has_import('{name}')`: the solution does not import `{name}`.")
    mine = _imports(state.student.nodes)
    if name not in mine:
        own = f"`{name}` is not imported; import it."
        missing = expected[name][-1]
        raise state.fail(
            "sct/missing", own, not_imported_msg, values={"pkg": name}, missing=missing
        )
    alias = _alias(expected[name][-1], name)
    if same_as and alias not in [_alias(node, name) for node in mine[name]]:
        own = (
            f"`{name}` is imported under another name than the one asked for; use `as {alias}`."
            if alias
            else f"`{name}` is imported under another name; leave out the `as`."
        )
        span = state.session.submission.span(mine[name][-1:])
        raise state.fail("sct/structure", own, incorrect_as_msg, span=span, values={"pkg": name})


@word("check_file")
def check_file(
    state: State,
    path: str,
    missing_msg: str | None = None,
    is_dir_msg: str | None = None,
    parse: bool = True,
    solution_code: str | None = None,
) -> State:
    """Goes to a file that the submission wrote."""
    code = f"import os; __path__ = {path!r}\n(os.path.isdir(__path__), os.path.exists(__path__))"
    found = state.session.ask("student", Probe(code)).value
    if found == (True, True):
        raise state.fail("sct/structure", f"`{path}` is a folder, not a file.", is_dir_msg)
    if found != (False, True):
        raise state.fail("sct/missing", f"There is no file `{path}`; write it.", missing_msg)
    reading = f"__import__('pathlib').Path({path!r}).read_text('utf-8', 'replace')"
    content = state.session.ask("student", Probe(reading)).value
    written = Source(content if isinstance(content, str) and parse else "")
    expected = Source(solution_code or "")
    return state.to(
        Part(
            (*written.tree.body,),
            code=reading,
            text=content if isinstance(content, str) else "",
        ),
        Part((*expected.tree.body,), code=repr(solution_code), text=solution_code),
        f"the file `{path}`",
    )


@word("has_dir")
def has_dir(state: State, path: str, msg: str | None = None) -> None:
    """The submission made a folder."""
    found = state.session.ask("student", Probe(f"__import__('os').path.isdir({path!r})")).value
    if found is not True:
        raise state.fail("sct/missing", f"There is no folder `{path}`; make it.", msg)


def source_text(state: State) -> str:
    """The text of the part of the submission that the state is at."""
    part = state.student
    if part.text is not None:
        return part.text
    span = state.session.submission.span(part.nodes)
    if span is None:
        return code_of(part)
    return state.session.submission.text[span[0] : span[1]]


def prints(expected: str, output: str) -> bool:
    """Whether the output holds the expected text as whole words and numbers; the amount of blank
    space does not matter."""
    wanted, found = " ".join(expected.split()), " ".join(output.split())
    before = r"(?<![\w.\-])" if wanted[:1].isdigit() else r"(?<!\w)" if wanted[:1].isalpha() else ""
    after = r"(?!\w|\.\d)" if wanted[-1:].isalnum() else ""
    return re.search(before + re.escape(wanted) + after, found) is not None


def _matches(text: Any, pattern: bool, where: str) -> bool:
    if not isinstance(text, str):
        raise SctError(f"A text is expected here, not {type(text).__name__}.")
    if not pattern:
        return text in where
    try:
        return re.search(text, where) is not None
    except re.error as error:
        raise SctError(
            f"`{text}` is not a valid pattern ({error}); for plain text give `pattern=False`."
        ) from None


def _printed(state: State, call: ast.Call, pre_code: str | None) -> str:
    """What the solution's print call printed: as recorded, where it is a statement of its own at
    the top level, else as it prints now."""
    session = state.session
    if pre_code is None:
        for statement in session.solution.tree.body:
            if isinstance(statement, ast.Expr) and statement.value is call:
                line = statement.lineno
                alone = [item for item in session.solution.tree.body if item.lineno == line]
                recorded = [item for item in session.task.solution_prints if item.line == line]
                if len(alone) == 1 and len(recorded) == 1:
                    return recorded[0].text
    probe = Probe(
        statements_code((call,)),
        setup=state.solution.setup + (pre_code or ""),
        bindings=state.solution.bindings,
    )
    observed = session.ask("reference", probe)
    if observed.raised is not None:
        raise SctError(
            f"`has_printout`: printing again in the solution raises {observed.raised.type} "
            f"({observed.raised.message}); use `has_output` or `has_equal_output` instead."
        )
    return observed.output


def _printout_message(state: State, call: ast.Call, index: int) -> str:
    count = len(find_calls(state, "reference", "print"))
    which = f"the {ordinal(index)} `print`" if count > 1 else "`print`"
    if not state.session.task.submission_output.strip():
        return f"Nothing was printed; what {which} should show is missing."
    return f"What {which} should show is not in the output; check the value that you print."


def _holds(node: ast.AST, wanted: list[str]) -> bool:
    """Whether the wanted statements (or the one expression) stand somewhere in the node."""
    for inner in ast.walk(node):
        for _, items in ast.iter_fields(inner):
            listed = cast("list[object]", items) if isinstance(items, list) else []
            dumps = [dump(item) for item in listed if isinstance(item, ast.AST)]
            if any(dumps[i : i + len(wanted)] == wanted for i in range(len(dumps))):
                return True
        if len(wanted) == 1 and dump(inner) == wanted[0]:
            return True
    return False


def _imports(nodes: tuple[ast.AST, ...]) -> dict[str, list[ast.AST]]:
    """What is imported, by full name: the statements that do."""
    found: dict[str, list[ast.AST]] = {}
    for node in outermost(nodes, (ast.Import, ast.ImportFrom)):
        aliases: Any = getattr(node, "names", ())
        for alias in aliases:
            full = alias.name
            if isinstance(node, ast.ImportFrom):
                full = f"{node.module or ''}.{alias.name}"
                found.setdefault(node.module or "", []).append(node)
            found.setdefault(full, []).append(node)
    return found


def _alias(node: Any, name: str) -> str | None:
    """The name after `as`, where the statement imports the thing under one."""
    module = node.module if isinstance(node, ast.ImportFrom) else ""
    full = {f"{module}.{each.name}" if module else each.name: each.asname for each in node.names}
    return full.get(name)


def _counted(number: int) -> str:
    return f"{number} call{'' if number == 1 else 's'} of `print`"
