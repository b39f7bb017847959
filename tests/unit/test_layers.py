"""The import rules of ARCHITECTURE.md, held against every module."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SERVER = Path(__file__).resolve().parents[2] / "server"


def modules() -> Iterator[tuple[str, Path]]:
    for file in sorted(SERVER.rglob("*.py")):
        parts = file.relative_to(SERVER).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), file


MODULES = dict(modules())


def imports(file: Path, *, only_at_top: bool = False) -> set[str]:
    """What a module imports, as full dotted names."""
    tree = ast.parse(file.read_text("utf-8"))
    nodes = tree.body if only_at_top else ast.walk(tree)
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file} imports relatively"
            assert node.module is not None
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def allowed(module: str, name: str) -> bool:
    """Whether a module may import a name, by the table in ARCHITECTURE.md."""
    top = name.split(".")[0]
    if within(module, "blankcheck_runner"):
        ours = top == "blankcheck_runner"
        debugged = module == "blankcheck_runner.debugging.debuggee" and top == "debugpy"
        return (
            ours
            or debugged
            or top in {"torch", "torchvision", "numpy"}
            or top in sys.stdlib_module_names
        )
    if top in sys.stdlib_module_names:
        return True
    if within(module, "blankcheck.course"):
        return top == "yaml" or within(name, "blankcheck.course")
    if module == "blankcheck.progress":
        return top == "platformdirs"
    if module == "blankcheck.courses":
        return within(name, "blankcheck.course")
    if within(module, "blankcheck.runner"):
        return (
            within(name, "blankcheck_runner.wire")
            or within(name, "blankcheck_runner.trace")
            or within(name, "blankcheck_runner.arrival")
            or within(name, "blankcheck_runner.course_data")
            or within(name, "blankcheck.runner")
            or (name == "blankcheck_runner")
        )
    if top == "blankcheck_runner":
        known = ("wire", "plain", "course_data")
        return any(within(name, f"blankcheck_runner.{shared}") for shared in known)
    if within(module, "blankcheck.lsp"):
        return top in {"blankcheck", "pygls", "lsprotocol"}
    return top == "blankcheck"


def test_there_is_something_to_check() -> None:
    assert {"blankcheck.course.reader", "blankcheck_runner.host", "blankcheck.lsp"} <= set(MODULES)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_what_its_layer_may(module: str) -> None:
    wrong = {
        name
        for name in imports(MODULES[module])
        if name.split(".")[0] != "__future__" and not allowed(module, name)
    }
    assert not wrong


@pytest.mark.parametrize(
    "module", [m for m in MODULES if m.startswith("blankcheck.") and ".lsp" not in m]
)
def test_the_language_server_is_imported_by_serve_only(module: str) -> None:
    names = imports(MODULES[module], only_at_top=module == "blankcheck.cli")
    assert not [name for name in names if within(name, "blankcheck.lsp")]


@pytest.mark.parametrize("module", [m for m in MODULES if within(m, "blankcheck.course")])
def test_the_core_opens_nothing(module: str) -> None:
    outside = {"os", "pathlib", "io", "subprocess", "socket", "shutil", "tempfile", "asyncio"}
    names = imports(MODULES[module]) - {"pathlib.PurePosixPath", "pathlib.PurePath"}
    assert not outside & {name.split(".")[0] for name in names}


BLOCK = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in BLOCKED:
            raise ImportError(f"{name} is blocked")

sys.meta_path.insert(0, Blocked())
"""


def run(blocked: set[str], code: str, *, cwd: Path) -> subprocess.CompletedProcess[str]:
    source = f"BLOCKED = {blocked!r}\n{BLOCK}\n{code}"
    return subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, cwd=cwd, timeout=60
    )


def test_the_server_needs_no_torch(tmp_path: Path) -> None:
    code = "import blankcheck.lsp.server\nblankcheck.lsp.server.make_server()\nprint('made')"
    result = run({"torch", "numpy"}, code, cwd=tmp_path)
    assert result.stdout == "made\n", result.stderr


def test_the_server_starts_without_what_it_needs_later(tmp_path: Path) -> None:
    later = {
        "blankcheck.course.repairs",
        "blankcheck.course.rules_code",
        "blankcheck.repairing",
        "blankcheck.runner.process",
        "yaml",
    }
    code = f"import blankcheck.lsp.server\nprint(sorted({later!r} & set(sys.modules)))"
    result = run({"torch"}, code, cwd=tmp_path)
    assert result.stdout == "[]\n", result.stderr


def test_the_command_line_needs_no_pygls(tmp_path: Path) -> None:
    code = "from blankcheck.cli import main\nsys.exit(main(['list']))"
    result = run({"torch", "numpy", "pygls", "lsprotocol"}, code, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "Artificial Neural Networks" in result.stdout


def test_serving_without_pygls_says_what_to_do(tmp_path: Path) -> None:
    code = "from blankcheck.cli import main\nsys.exit(main(['serve']))"
    result = run({"pygls"}, code, cwd=tmp_path)
    assert result.returncode == 2
    assert "pip install pygls" in result.stderr


def test_the_runner_needs_nothing_of_the_server(tmp_path: Path) -> None:
    code = "import blankcheck_runner.host, blankcheck_runner.worker\nprint('there')"
    result = run({"blankcheck", "torch", "numpy", "yaml", "pygls"}, code, cwd=tmp_path)
    assert result.stdout == "there\n", result.stderr
