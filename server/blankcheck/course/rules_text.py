"""Rules on what an exercise says against what its code does: hints, names, suspect solutions."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher, get_close_matches
from keyword import iskeyword

from blankcheck.course.blanks import find_blanks
from blankcheck.course.model import Code, Problem
from blankcheck.course.names import KNOWN, Use
from blankcheck.course.text import Lines, Span
from blankcheck.course.units import Part, Unit, problem

_QUOTED = re.compile(r"(?<!`)`([A-Za-z_]\w*)(?:\(\))?`(?!`)")
_WORD = re.compile(r"[A-Za-z_]\w*")
_NUMBER = re.compile(r"\d+")
_CODE = ("pre_exercise_code", "sample_code", "solution")
_MOST = 20
"""How many unknown words are looked up for one exercise."""
_LONGEST = 20_000
"""Longer code is no exercise of a few lines, and is not compared line by line."""
_ENDINGS = ("s", "es", "d", "ed", "ing", "er")


def findings(units: Sequence[Unit]) -> Iterator[Problem]:
    """What the rules find in the wording of an exercise's units."""
    for unit in units:
        yield from _names(unit)
        if unit.exercise.steps:
            continue
        yield from _hint(unit)
        yield from _suspects(unit)
        yield from _comments(unit)


def _hint(unit: Unit) -> Iterator[Problem]:
    if unit.exercise.items("hint"):
        return
    section = unit.exercise.sections.get("hint")
    yield problem(
        "empty-hint",
        "warning",
        "There is no hint: give one for each instruction.",
        section.span if section else unit.exercise.heading,
    )


def _names(unit: Unit) -> Iterator[Problem]:
    """Names in backticks that are nearly, but not, names of the code."""
    words = _words(unit)
    lower = {word.lower() for word in words}
    vocabulary = sorted(words)
    told: set[str] = set()
    for name in ("instructions", "hint"):
        section = unit.exercise.sections.get(name)
        for item in section.items if section else ():
            for match in _QUOTED.finditer(item.span.of(unit.chapter.text)):
                word = match[1]
                if word.lower() in lower or word in KNOWN or iskeyword(word) or word in told:
                    continue
                told.add(word)
                if len(told) > _MOST:
                    return
                close = get_close_matches(word, vocabulary, 1, 0.84)
                if not close or _is_inflected(word, close[0]):
                    continue
                start = item.span.start + match.start(1)
                yield problem(
                    "unknown-name",
                    "warning",
                    f"`{word}` is nowhere in the code: did you mean `{close[0]}`?",
                    Span(start, start + len(word)),
                )


def _words(unit: Unit) -> set[str]:
    """Every word of the exercise's code, and of the code that its assignment shows."""
    found: set[str] = set()
    for part in (unit.whole, *unit.whole.steps):
        for name in _CODE:
            for code in part.sections[name].files if name in part.sections else ():
                found.update(_WORD.findall(code.text))
        assignment = part.assignment.text if part.assignment else ""
        for block in re.findall(r"(?s)```.*?```", assignment):
            found.update(_WORD.findall(block))
    return found


def _is_inflected(word: str, known: str) -> bool:
    """Whether one is the plural or so of the other, as in prose, and no misspelt variable."""
    if "_" in known or _NUMBER.search(known):
        return False
    short, long = sorted((word.lower(), known.lower()), key=len)
    return any(long == short + ending for ending in _ENDINGS)


def _suspects(unit: Unit) -> Iterator[Problem]:
    """Solutions that compute a name, never use it, and use its neighbour where it belongs."""
    part = unit.solution
    if part is None or part.tree is None or unit.unsure or len(part.code.text) > _LONGEST:
        return
    read = {use.name for use in part.names.reads}
    unread = {
        name: node
        for name, node in part.names.bound.items()
        if name not in read and isinstance(node, ast.Name)
    }
    suspects: dict[str, Use] = {}
    for name, node in unread.items():
        for statement in _after(part.tree, node):
            use = _by_text(unit, part, name, statement) or _by_number(part, name, statement)
            if use is not None:
                suspects[name] = use
                break
    # What a suspect should have read counts as read for its family.
    for name in unread:
        use = None if name in suspects else _by_family(unit, part, name, read | suspects.keys())
        if use is not None:
            suspects[name] = use
    for name, use in suspects.items():
        yield problem(
            "suspect-solution",
            "warning",
            f"`{name}` is computed and never used, and here stands `{use.name}`: did you mean "
            f"`{name}`?",
            unit.place(part.code, use.node),
        )


def _after(tree: ast.Module, node: ast.Name) -> list[ast.stmt]:
    return [statement for statement in tree.body if statement.lineno > node.lineno]


def _uses_in(part: Part, statement: ast.stmt) -> list[Use]:
    inside = {id(node) for node in ast.walk(statement)}
    return [use for use in part.names.reads if id(use.node) in inside]


def _is_neighbour(name: str, other: str) -> bool:
    if name == other:
        return False
    if _NUMBER.sub("#", name) == _NUMBER.sub("#", other):
        return True
    short, long = sorted((name, other), key=len)
    return long.startswith(short + "_")


def _targets(statement: ast.stmt) -> set[str]:
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    nodes = [node for target in targets for node in ast.walk(target)]
    return {node.id for node in nodes if isinstance(node, ast.Name)}


def _by_text(unit: Unit, part: Part, name: str, statement: ast.stmt) -> Use | None:
    """The neighbour that is read although an instruction asks for `name` in its place.

    That instruction is a later one than the one that introduces `name`, does not mention the
    neighbour, and mentions everything else that the statement reads and assigns.
    """
    items = _instructions(unit)
    first = next((n for n, words in enumerate(items) if name in words), len(items))
    for use in _uses_in(part, statement):
        if not _is_neighbour(name, use.name) or not _is_value(unit, use.name):
            continue
        rest = _rest(unit, part, use, statement)
        for words in items[first + 1 :]:
            if name in words and use.name not in words and rest and rest <= words:
                return use
    return None


def _instructions(unit: Unit) -> list[set[str]]:
    """The words of each instruction."""
    return [set(_WORD.findall(item.text)) for item in unit.exercise.items("instructions")]


def _rest(unit: Unit, part: Part, use: Use, statement: ast.stmt) -> set[str]:
    """What a statement reads and assigns besides one name."""
    values = {other.name for other in _uses_in(part, statement) if _is_value(unit, other.name)}
    return (values - {use.name}) | _targets(statement)


def _is_value(unit: Unit, name: str) -> bool:
    """Whether a name is data of the exercise, not a module, function, class or builtin."""
    node = unit.bound().get(name)
    if node is None:
        return name not in KNOWN
    return isinstance(node, ast.Name)


def _by_number(part: Part, name: str, statement: ast.stmt) -> Use | None:
    """The neighbour in `output_3 = f(input_2)` beside `output_2 = f(input_2)`, for `input_3`."""
    if part.tree is None:
        return None
    number = _NUMBER.findall(name)
    if not number or _numbers(statement) != number:
        return None
    uses = [
        use
        for use in _uses_in(part, statement)
        if _NUMBER.sub("#", use.name) == _NUMBER.sub("#", name)
    ]
    if len(uses) != 1 or _NUMBER.findall(uses[0].name) == number:
        return None
    shape = _shape(statement)
    for other in part.tree.body:
        if other is statement or _shape(other) != shape:
            continue
        same = [use for use in _uses_in(part, other) if use.name == uses[0].name]
        if same and _numbers(other) == _NUMBER.findall(uses[0].name):
            return uses[0]
    return None


def _by_family(unit: Unit, part: Part, name: str, read: set[str]) -> Use | None:
    """The value that `name` was made of, used again although the same was made for its brothers.

    In `h_1_act = relu(h_1)`, `h_2 = f(h_1)`, `h_2_act = relu(h_2)`, `print(h_2_act)` it is the
    `h_1` in the second statement, unless an instruction asks for just that.
    """
    node = part.names.bound[name]
    family = _NUMBER.sub("#", name)
    if part.tree is None or not isinstance(node, ast.Name) or "#" not in family:
        return None
    if not any(other != name and _NUMBER.sub("#", other) == family for other in read):
        return None
    made = next((s for s in part.tree.body if s.lineno == node.lineno), None)
    sources = {use.name for use in _uses_in(part, made)} if made is not None else set[str]()
    sources = {source for source in sources if name.startswith(source + "_")}
    for statement in _after(part.tree, node):
        for use in _uses_in(part, statement):
            if use.name not in sources:
                continue
            rest = _rest(unit, part, use, statement)
            asked = any({use.name} | rest <= words for words in _instructions(unit))
            return None if asked else use
    return None


def _numbers(statement: ast.stmt) -> list[str]:
    """The numbers in the name that a statement assigns."""
    targets = _targets(statement)
    return _NUMBER.findall(targets.pop()) if len(targets) == 1 else []


def _shape(statement: ast.stmt) -> str:
    return re.sub(r"(id='[^']*?)\d+", r"\1#", ast.dump(statement))


def _comments(unit: Unit) -> Iterator[Problem]:
    """Comments of the solution that differ a little from the sample's, or hide what it asks."""
    sample, solution = unit.exercise.code("sample_code"), unit.exercise.code("solution")
    if sample is None or solution is None or "solution" not in unit.exercise.sections:
        return
    if len(sample.text) + len(solution.text) > _LONGEST:
        return
    wanted = [comment for _, comment in _full_comments(sample)]
    given = _full_comments(solution)
    texts = {comment for _, comment in given}
    asked = [line for line in _open_lines(sample) if not _occurs(line, solution)]
    for span, comment in given:
        if comment in wanted:
            continue
        where = solution.in_chapter(unit.chapter.text, span)
        if any(line.fullmatch(comment) for line in asked):
            yield problem(
                "solution-in-comment",
                "warning",
                "The sample code asks for this line, but in the solution it is a comment: remove "
                "the `#`, or leave the line out of both.",
                where,
            )
            continue
        close = get_close_matches(comment, [text for text in wanted if text not in texts], 1, 0.85)
        if close:
            yield problem(
                "comment-differs",
                "information",
                f"The sample code has “{_difference(comment, close[0])}” here: use the same "
                "comment in both.",
                where,
            )


def _full_comments(code: Code) -> list[tuple[Span, str]]:
    """The comments that have a line of their own."""
    lines = Lines(code.text)
    found: list[tuple[Span, str]] = []
    for number in range(len(lines)):
        span = lines.span(number)
        text = span.of(code.text)
        bare = text.lstrip()
        if bare.startswith("#"):
            start = span.start + len(text) - len(bare)
            found.append((Span(start, span.end), bare.lstrip("#").strip()))
    return found


def _open_lines(code: Code) -> list[re.Pattern[str]]:
    """The lines with blanks, as patterns in which a blank stands for anything."""
    lines = Lines(code.text)
    blanks = find_blanks(code.text)
    found: list[re.Pattern[str]] = []
    for number in range(len(lines)):
        span = lines.span(number)
        inside = [blank.span for blank in blanks if len(blank.span) and span.contains(blank.span)]
        if not inside or span.of(code.text).lstrip().startswith("#"):
            continue
        pattern, at = "", span.start
        for blank in inside[:8]:
            pattern += re.escape(code.text[at : blank.start]) + r"[^\n]{1,200}"
            at = blank.end
        found.append(re.compile((pattern + re.escape(code.text[at : span.end])).strip()))
    return found


def _occurs(line: re.Pattern[str], code: Code) -> bool:
    lines = Lines(code.text)
    return any(line.fullmatch(lines.span(n).of(code.text).strip()) for n in range(len(lines)))


def _difference(text: str, other: str) -> str:
    """The words of `other` that `text` has differently."""
    left, right = text.split(), other.split()
    changed = [
        word
        for operation, _, _, start, end in SequenceMatcher(None, left, right).get_opcodes()
        if operation != "equal"
        for word in right[start:end]
    ]
    return " ".join(changed)[:80] or other[:80]
