"""What a program meets around it: files, input, memory, loaders, its own end."""

from __future__ import annotations

import ast
import re

from blankcheck_runner.explain import layers, words
from blankcheck_runner.explain.context import Context, Explanation
from blankcheck_runner.plain import one_line

_OS_ERRORS = ("OSError", "FileNotFoundError", "PermissionError")


def file(ctx: Context) -> Explanation | None:
    """A file that is not there."""
    if ctx.crash.type not in ("FileNotFoundError", "NotADirectoryError", "IsADirectoryError"):
        return None
    path = ctx.crash.path or one_line(ctx.message, 120)
    at = next(
        (
            node
            for node in ctx.expressions
            if isinstance(node, ast.Constant) and node.value == ctx.crash.path and node.value
        ),
        None,
    )
    if ctx.crash.type == "IsADirectoryError":
        return Explanation("file", f"`{path}` is a folder, not a file.", at)
    name = re.split(r"[/\\]", path)[-1]
    near = words.closest(name, ctx.crash.files)
    where = f"in `{ctx.crash.folder}`" if ctx.crash.folder else "in the working folder"
    if near:
        hint = f" Did you mean `{near}`?"
    elif ctx.crash.files:
        shown = ", ".join(f"`{item}`" for item in ctx.crash.files[:8])
        more = " and more" if len(ctx.crash.files) > 8 else ""
        there = "There is" if len(ctx.crash.files) == 1 else "There are"
        hint = f" {there} {shown}{more} {where}."
    else:
        hint = f" There are no files {where}."
    return Explanation("file", f"There is no file `{path}`.{hint}", at or layers.given(ctx))


def room(ctx: Context) -> Explanation | None:
    """No room, on the disk or in the memory that processes share; the latter has no name."""
    shared = ctx.search(r"(?:unable to \w+|out of|insufficient) shared memory") is not None
    nameless = ctx.crash.base in _OS_ERRORS and not ctx.crash.path
    loading = re.search(r"\bnum_workers\b|\bmultiprocessing\b", ctx.source) is not None
    if nameless and loading and ctx.search(r"^\[Errno (?:2|13|28|30)\]"):
        shared = True
    if shared:
        return Explanation(
            "data",
            "Processes beside this one (`num_workers`) need shared memory (`/dev/shm`), of which "
            "there is none, or not enough, where this runs. Use `num_workers=0`; or give the "
            "machine more, a container with `--shm-size=1g`.",
        )
    if ctx.crash.base in _OS_ERRORS and ctx.search(r"^\[Errno (?:28|122)\]"):
        return Explanation(
            "file",
            "There is no room left on the disk for what this writes. Write less, or make room in "
            "the folder for temporary files.",
        )
    return None


def network(ctx: Context) -> Explanation | None:
    """A download, where the network cannot be reached."""
    kinds = ("URLError", "HTTPError", "gaierror", "ConnectionError", "SSLError", "timeout")
    kinds += ("ConnectionRefusedError", "ConnectionResetError", "TimeoutError")
    if ctx.crash.type not in kinds:
        return None
    return Explanation(
        "network",
        "This needs the network, which cannot be reached from here "
        f"({one_line(ctx.message, 100)}). Use the data that the exercise gives.",
    )


def no_input(ctx: Context) -> Explanation | None:
    """`input()`, which has nobody to ask."""
    if ctx.crash.base != "EOFError" or not (ctx.call and ctx.callee(ctx.call) == "input"):
        return None
    return Explanation(
        "input",
        "`input()` waits for someone to type, and here nobody can. Assign the value in the code.",
    )


def ended(ctx: Context) -> Explanation | None:
    """The program ended or interrupted itself."""
    if ctx.crash.base == "SystemExit":
        callee = ctx.callee(ctx.call) if ctx.call else ""
        named = f"`{callee}` ends" if callee else "This line ends"
        return Explanation(
            "exit",
            f"{named} the program, so nothing after it can run or be checked. Remove it.",
        )
    if ctx.crash.base == "KeyboardInterrupt":
        return Explanation("exit", "The run was interrupted here.")
    return None


def memory(ctx: Context) -> Explanation | None:
    """More memory than there is."""
    found = ctx.search(r"you tried to allocate (\d+) bytes")
    if (
        not found
        and ctx.crash.base != "MemoryError"
        and not ctx.search(
            r"not enough memory|[Cc]an't allocate memory|Storage size calculation overflowed"
        )
    ):
        return None
    asked = f" of {_size(int(found.group(1)))}" if found else ""
    return Explanation(
        "memory",
        f"This asks for more memory{asked} than there is. Check the sizes, and work in smaller "
        "batches.",
    )


def _size(count: int) -> str:
    for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if count >= size:
            return f"{count / size:,.3g} {unit}" if count < 1e15 else f"{count / size:,.0f} {unit}"
    return f"{count} bytes"


def recursion(ctx: Context) -> Explanation | None:
    """A function that calls itself without end."""
    if ctx.crash.base != "RecursionError":
        return None
    name = ctx.frame.function if ctx.frame else ""
    who = f"`{name}`" if name and name != "<module>" else "A function"
    return Explanation(
        "recursion",
        f"{who} calls itself again and again without coming to an end. Give it a case in which it "
        "returns without calling itself.",
    )


def division(ctx: Context) -> Explanation | None:
    """Division by zero."""
    if ctx.crash.base != "ZeroDivisionError":
        return None
    pair = ctx.inputs()[:2]
    divisor = pair[1] if len(pair) == 2 else None
    if divisor is None:
        return None
    told = " is 0" if not isinstance(divisor.node, ast.Constant) else ""
    came = ctx.came_from(divisor.node)
    text = words.capital(divisor.text)
    return Explanation(
        "value",
        f"{text}{came}{told}, and nothing can be divided by it. Check how it came about."
        if told
        else "Nothing can be divided by 0.",
        divisor.node,
    )


def conversion(ctx: Context) -> Explanation | None:
    """Text that is no number."""
    found = ctx.search(r"invalid literal for int\(\) with base \d+: (.+)") or ctx.search(
        r"could not convert string to float: (.+)"
    )
    if not found:
        return None
    return Explanation(
        "value",
        f"{one_line(found.group(1), 60)} is not written as a number, so it cannot become one.",
        layers.given(ctx),
    )


def assertion(ctx: Context) -> Explanation | None:
    """An `assert` in the text that does not hold."""
    if ctx.crash.base != "AssertionError":
        return None
    statement = next(
        (
            node
            for node in ast.walk(ctx.tree)
            if isinstance(node, ast.Assert) and ctx.frame and node.lineno == ctx.frame.line
        ),
        None,
    )
    if statement is None:
        if ctx.search(r"Size mismatch between tensors"):
            return Explanation(
                "shape",
                "The tensors of a dataset need the same number of samples (their first dimension).",
            )
        return None
    said = f": {one_line(ctx.message, 200)}" if ctx.message else ""
    return Explanation("assertion", f"This does not hold{said}.", statement.test)


def worker(ctx: Context) -> Explanation | None:
    """An error inside a process of a `DataLoader`."""
    found = ctx.search(r"^Caught (\w+) in DataLoader worker process \d+\.")
    if not found:
        if ctx.search(r"DataLoader worker \(pid.*?\) (?:is killed|exited unexpectedly)"):
            return Explanation(
                "data",
                "A process that loads data for the `DataLoader` ended. Try `num_workers=0`: then "
                "an error in the dataset is seen where it happens.",
            )
        return None
    last = one_line(ctx.message.strip().rpartition("\n")[2], 160)
    file_name = re.escape(ctx.crash.frames[0].file) if ctx.crash.frames else r"[^\"]*"
    lines = re.findall(rf'File "{file_name}", line (\d+)', ctx.message)
    where = f" on line {lines[-1]}" if lines else ""
    place = _line(ctx, int(lines[-1])) if lines and len(lines[-1]) < 8 else None
    return Explanation("data", f"The dataset failed{where} while a sample was read: {last}", place)


def _line(ctx: Context, line: int) -> tuple[int, int] | None:
    start, end = ctx.positions.offset(line, 0), ctx.positions.offset(line, 1_000_000)
    text = ctx.source[start:end]
    return (start + len(text) - len(text.lstrip()), start + len(text.rstrip())) if text else None


def loader(ctx: Context) -> Explanation | None:
    """Values that a loader refuses."""
    if ctx.search(r"num_samples should be a positive integer value, but got num_samples=0"):
        return Explanation(
            "data", "The dataset is empty, so there is nothing to load.", layers.given(ctx)
        )
    found = ctx.search(r"batch_size should be a positive integer value, but got batch_size=(.+)")
    if found:
        at = ctx.argument(ctx.call, "batch_size", 1) if ctx.call else None
        return Explanation(
            "value", f"A batch needs at least one sample, not {found.group(1)[:20]}.", at
        )
    if ctx.search(r"Sum of input lengths does not equal the length of the input dataset"):
        at = ctx.argument(ctx.call, "lengths", 1) if ctx.call else None
        return Explanation(
            "value", "The parts do not add up to the number of samples in the dataset.", at
        )
    return None


def saved(ctx: Context) -> Explanation | None:
    """A file that `torch.load` cannot read, or will not."""
    if not (ctx.call and ctx.callee(ctx.call) == "load"):
        return None
    if ctx.search(r"Weights only load failed"):
        return Explanation(
            "file",
            "The file holds more than weights, and `torch.load` reads only weights unless told "
            "otherwise. If you trust who made it, pass `weights_only=False`; better, save "
            "`state_dict()`.",
            layers.given(ctx),
        )
    if ctx.crash.type in ("UnpicklingError", "KeyError", "EOFError", "ValueError") or ctx.search(
        r"PytorchStreamReader failed|Invalid magic number|failed finding central directory"
    ):
        return Explanation(
            "file",
            "The file is not one that `torch.save` wrote, or it is damaged. Check its name.",
            layers.given(ctx),
        )
    return None


EXPLAINERS = (
    room,
    saved,
    worker,
    loader,
    file,
    network,
    no_input,
    ended,
    memory,
    recursion,
    division,
    conversion,
    assertion,
)
