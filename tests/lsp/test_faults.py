"""What is wrong on a machine, told through the real server; and what works all the same."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from blankcheck_runner import processes

if TYPE_CHECKING:
    from conftest import Client

HEADER = "# blankcheck: course/sums.md#add01\n"
SAMPLE = HEADER + "total = max(___, 5)\nprint(___)\n"
RIGHT = HEADER + "total = max(2 + 3, 5)\nprint(total)\n"
UNAVAILABLE = -32010
Connect = Callable[..., AbstractAsyncContextManager["Client"]]


async def bare_interpreter(folder: Path, torch: str | None = None) -> str:
    """A virtual environment with nothing in it, or with a module `torch` of this text."""
    making = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "venv", "--without-pip", str(folder / "bare")
    )
    assert await making.wait() == 0
    if torch is not None:
        (site,) = (folder / "bare" / "lib").glob("python3*/site-packages")
        (site / "torch.py").write_text(torch)
    return str(folder / "bare" / "bin" / "python")


async def still_works(client: Client) -> None:
    """Asserts that what needs no interpreter works."""
    uri = client.open("blanks.py", SAMPLE)
    codes = [item["code"] for item in await client.diagnostics(uri, 1)]
    assert codes == ["blank/unfilled", "blank/unfilled"]
    assert (await client.request("blankcheck/courses", {}))["courses"]
    lenses = await client.request("textDocument/codeLens", {"textDocument": {"uri": uri}})
    assert lenses


async def unavailable(client: Client, uri: str) -> str:
    """What a check says that cannot be done."""
    refusal = await client.refusal("blankcheck/check", {"textDocument": {"uri": uri}})
    assert refusal.code == UNAVAILABLE
    return str(refusal)


async def test_without_torch_all_else_works(raw: Client, tmp_path: Path) -> None:
    await raw.initialize(interpreter=await bare_interpreter(tmp_path))
    assert (await raw.check(raw.open("a.py", RIGHT)))["verdict"] == "passed"
    result = await raw.check(raw.open("b.py", HEADER + "import torch\ntotal = 5\n"))
    assert result["verdict"] == "error"
    assert result["feedback"][0]["code"] == "run/import"
    assert "torch" in result["feedback"][0]["message"]
    assert result["feedback"][0]["range"]["start"]["line"] == 1
    await still_works(raw)


async def test_a_torch_that_does_not_import_is_told(raw: Client, tmp_path: Path) -> None:
    torch = "raise OSError('libcudnn.so.9: cannot open shared object file')"
    await raw.initialize(interpreter=await bare_interpreter(tmp_path, torch))
    info = await raw.request("blankcheck/info", {})
    assert "libcudnn.so.9" in info["runner"]["torchError"]
    assert (await raw.check(raw.open("a.py", RIGHT)))["verdict"] == "passed"
    result = await raw.check(raw.open("b.py", HEADER + "total = 5\nimport torch as t\n"))
    (feedback,) = result["feedback"]
    assert (result["verdict"], feedback["code"]) == ("error", "run/missing-package")
    assert feedback["range"]["start"]["line"] == 2
    assert "libcudnn.so.9" in feedback["message"]
    assert "--force-reinstall torch" in feedback["message"]
    await still_works(raw)


async def test_a_python_that_is_too_old_is_told(raw: Client, tmp_path: Path) -> None:
    old = tmp_path / "python"
    old.write_text(
        f"#!{sys.executable} -I\nimport sys\nsys.version_info = (3, 8, 18)\nexec(sys.argv[4])\n"
    )
    old.chmod(0o755)
    await raw.initialize(interpreter=str(old))
    message = await unavailable(raw, raw.open("a.py", RIGHT))
    assert "Python 3.8 is too old" in message
    assert "Choose another interpreter" in message
    await still_works(raw)


async def test_an_interpreter_that_vanishes_between_checks(raw: Client, tmp_path: Path) -> None:
    python = await bare_interpreter(tmp_path)
    await raw.initialize(interpreter=python)
    uri = raw.open("a.py", RIGHT)
    assert (await raw.check(uri))["verdict"] == "passed"
    Path(python).rename(tmp_path / "elsewhere")
    os.kill(await host_of(raw), signal.SIGKILL)
    message = await unavailable(raw, uri)
    assert python in message
    assert "settings" in message
    await still_works(raw)
    (tmp_path / "elsewhere").rename(python)
    assert (await raw.check(uri))["verdict"] == "passed"


async def host_of(client: Client) -> int:
    """The process of the server's host."""
    await client.request("blankcheck/info", {})
    (host,) = processes.children(client.process.pid)
    return host


async def test_two_windows_on_one_folder(connect: Connect, workspace: Path) -> None:
    async with connect(workspace) as one, connect(workspace) as other:
        await one.initialize()
        await other.initialize()
        asked = {"chapter": one.uri("course/sums.md"), "exercise": "add01"}
        started = await asyncio.gather(
            one.request("blankcheck/start", asked), other.request("blankcheck/start", asked)
        )
        assert started[0]["uri"] == started[1]["uri"]
        assert sorted(answer["created"] for answer in started) == [False, True]
        results = await asyncio.gather(
            *(client.check(client.open("a.py", RIGHT)) for client in (one, other))
        )
        assert [result["verdict"] for result in results] == ["passed", "passed"]
        for client in (one, other):
            await client.wait(
                lambda m: (
                    m.get("method") == "blankcheck/progressChanged"
                    and m["params"]["state"] == "passed"
                )
            )
            info = await client.request("blankcheck/info", {})
            assert info["message"] is None
            assert info["xp"] == 100


async def test_progress_that_cannot_be_kept_is_told_once_and_kept_later(
    connect: Connect, workspace: Path
) -> None:
    """As on a disk that is full, or that cannot be written."""
    (workspace / "data").write_text("in the way")
    async with connect(workspace) as client:
        await client.initialize()
        for name in ("a.py", "b.py"):
            assert (await client.check(client.open(name, RIGHT)))["verdict"] == "passed"
        info = await client.request("blankcheck/info", {})
        assert "Progress cannot be kept" in info["message"]
        assert "make the folder writable" in info["message"]
        assert (info["xp"], info["progress"]) == (100, None)
        told = [m for m in client.messages if "Progress cannot be kept" in str(m.get("params"))]
        assert [m["method"] for m in told] == ["window/showMessage"]
        await still_works(client)
        (workspace / "data").unlink()
        assert (await client.check(client.open("c.py", RIGHT)))["verdict"] == "passed"
        info = await client.request("blankcheck/info", {})
        assert (info["message"], info["xp"]) == (None, 100)
        assert Path(info["progress"]).exists()


@pytest.mark.parametrize(
    ("code", "said", "advice"),
    [
        ("x = [0] * 10**11\n", "memory", "Look for"),
        ("while True:\n    print('x' * 10_000)\n", "printed", "a loop that prints"),
        (
            "import os, time\nwhile True:\n    if os.fork() == 0:\n        time.sleep(600)\n",
            "processes",
            "Start fewer",
        ),
    ],
    ids=["memory", "output", "processes"],
)
async def test_limits_are_told_apart_each_with_what_to_do(
    client: Client, code: str, said: str, advice: str
) -> None:
    result = await client.check(client.open("a.py", HEADER + code))
    (feedback,) = result["feedback"]
    assert (result["verdict"], feedback["code"]) == ("limit", "run/limit")
    assert said in feedback["message"]
    assert advice in feedback["message"]
    assert (await client.check(client.open("b.py", RIGHT)))["verdict"] == "passed"


async def test_a_cancelled_check_is_answered_before_what_runs_beside_it(client: Client) -> None:
    endless = client.open("a.py", HEADER + "total = 5\nwhile True:\n    pass\n")
    slow = client.open("b.py", HEADER + "import time\ntime.sleep(1)\ntotal = 5\n")
    first = client.ask("blankcheck/check", {"textDocument": {"uri": endless}, "workDoneToken": "t"})
    await client.wait(lambda m: m.get("method") == "$/progress")
    second = client.ask("blankcheck/check", {"textDocument": {"uri": slow}})
    client.notify("$/cancelRequest", {"id": first})
    assert (await client.answer(second))["verdict"] == "passed"
    answered = [m["id"] for m in client.messages if m.get("id") in (first, second)]
    assert answered == [first, second]


async def test_a_huge_submission_is_declined_with_a_message(client: Client) -> None:
    lines = client.open("lines.py", HEADER + "total = 5\n" * 100_000)
    long = client.open("long.py", HEADER + "total = " + "1 + " * 2_500_000 + "___\n")
    for uri in (lines, long):
        result: Any = await client.check(uri)
        (feedback,) = result["feedback"]
        assert (result["verdict"], feedback["code"]) == ("failed", "syntax/too-long")
        assert "200,000 characters" in feedback["message"]
        blanks = await client.request("blankcheck/blanks", {"textDocument": {"uri": uri}})
        assert blanks["blanks"] == []
    assert (await client.check(client.open("b.py", RIGHT)))["verdict"] == "passed"
