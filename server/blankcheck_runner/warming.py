"""What is paid for once, in the process that others are forked from: imports, lazy beginnings."""

from __future__ import annotations

import ast
import contextlib
import importlib
import io
from typing import Any

from blankcheck_runner import wire
from blankcheck_runner.execute import compiled
from blankcheck_runner.seen import Watch

_SUBMISSION = """\
number = 3
words = ["a", number]
value = torch.rand(2, 3)
other = torch.matmul(value, torch.ones(3, 2)) + 1
print(other)
print(other.shape)
"""
"""Such as learners write."""


def warm_up(device: str = "cpu") -> dict[str, str | None]:
    """Imports what courses use and pays for its lazy beginnings once, with one intra-op thread.

    A process that ran parallel work must not be forked: its children would hang in OpenMP. Nor must
    one that asked for graphics cards, as the first step backward and each step of an optimizer do
    where they are not hidden: for `device` `cuda` nothing is learned here.
    """
    with contextlib.suppress(Exception):
        importlib.import_module("numpy")
    try:
        import torch
    except ModuleNotFoundError as error:
        if error.name == "torch":
            return {"torch": None, "torch_error": None}
        return {"torch": None, "torch_error": f"{type(error).__name__}: {error}"}
    except Exception as error:
        return {"torch": None, "torch_error": f"{type(error).__name__}: {error}"}
    try:
        torch.set_num_threads(1)
        exercise(torch, learn=device == "cpu")
    except Exception as error:
        return {"torch": torch.__version__, "torch_error": f"{type(error).__name__}: {error}"}
    return {"torch": str(torch.__version__), "torch_error": None}


def exercise(torch: Any, *, learn: bool) -> None:
    """Does a little of everything that is slow the first time; with or without `learn`ing."""
    generator = torch.Generator().manual_seed(0)
    inputs = torch.rand(4, 3, generator=generator)
    repr(inputs @ inputs.t())
    layers = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))
    repr(layers)
    picture = torch.rand(1, 1, 6, 6, generator=generator)
    torch.nn.functional.max_pool2d(torch.nn.Conv2d(1, 2, 3)(picture), 2)
    torch.softmax(inputs, 1).tolist()
    if not learn:
        return
    optimizer = torch.optim.Adam(layers.parameters(), lr=0.01)
    loss = torch.nn.CrossEntropyLoss()(layers(inputs), torch.tensor([0, 1, 0, 1]))
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()


def run_for_nobody(namespace: dict[str, Any]) -> None:
    """Does what is done with a submission, with a text that tells nobody anything. Leaves a tensor
    `value` where there is torch."""
    output = io.StringIO()
    seen = Watch(namespace)
    tree = ast.parse(_SUBMISSION)
    seen.begin(tree)
    with contextlib.suppress(NameError), contextlib.redirect_stdout(output):  # without torch
        for line, code in compiled(tree, "<rehearsal>"):
            seen.before(line)
            exec(code, namespace)
    wire.encode({"prints": [[output.getvalue(), 1]], "seen": seen.end()})
