"""What there is instead of a name, an attribute, a module or a file that is missing.

Looked up in the learner's process without running anybody's code, for `crash.observe`.
"""

from __future__ import annotations

import os
import pkgutil
import re
import sys
import types
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from blankcheck_runner import described
from blankcheck_runner.described import Value, describe, instance_dict, is_layer
from blankcheck_runner.testimony import MAX_FILES, MAX_NAMES

_MODULES = (
    "torch.nn.functional",
    "torch.nn",
    "torch",
    "torch.optim",
    "torch.optim.lr_scheduler",
    "torch.utils.data",
    "torch.nn.init",
    "torchvision",
    "torchvision.transforms",
    "torchvision.datasets",
    "torchvision.models",
    "numpy",
    "math",
    "random",
    "time",
    "os",
)
"""Where a name that is missing is looked for."""
_MISSING = re.compile(
    r"has no attribute '(\w+)'|name '(\w+)' is not defined|variable '(\w+)'"
    r"|cannot import name '(\w+)'|No module named '([\w.]+)'"
)


def sound(text: str) -> str:
    """Without lone surrogates, which not every JSON reader takes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def scope(frame: types.FrameType | None) -> tuple[str, ...]:
    """The names that a frame sees."""
    if frame is None:
        return ()
    names = {*frame.f_locals, *frame.f_globals}
    return _names(names)


def _names(names: Any) -> tuple[str, ...]:
    kept = (name for name in names if type(name) is str and not name.startswith("__"))
    return tuple(sorted(sound(name)[: described.MAX_NAME] for name in kept))[:MAX_NAMES]


def missing_name(error: BaseException, message: str) -> str:
    """The name, attribute or module that an error says is not there; empty where it says none."""
    if not isinstance(error, (NameError, AttributeError, ImportError)):
        return ""
    if found := _MISSING.search(message):
        return next(group for group in found.groups() if group)[: described.MAX_NAME]
    name = getattr(error, "name", None)
    return name[: described.MAX_NAME] if type(name) is str else ""


def attributes(error: BaseException) -> tuple[Value | None, tuple[str, ...]]:
    """What an attribute was missing in, or a name to import, and what is there."""
    if isinstance(error, AttributeError):
        owner = error.obj
        # Not every AttributeError says whose it is; then None stands there.
        if owner is None and "'NoneType'" not in str(error):
            return None, ()
        return describe(owner), _public(owner)
    if isinstance(error, ModuleNotFoundError):
        name = error.name or ""
        parent = sys.modules.get(name.rpartition(".")[0])
        if parent is not None:
            return describe(parent), _names(
                item.name for item in pkgutil.iter_modules(getattr(parent, "__path__", []))
            )
        found = {item.name for item in pkgutil.iter_modules()}
        return None, _names(found | set(sys.stdlib_module_names))
    if isinstance(error, ImportError):
        module = sys.modules.get(error.name or "")
        return (describe(module), _public(module)) if module is not None else (None, ())
    return None, ()


def _public(owner: object) -> tuple[str, ...]:
    names: set[str] = set()
    if described.is_a(owner, types.ModuleType):
        names.update(types.ModuleType.__getattribute__(owner, "__dict__"))
    else:
        own_class = owner if described.is_a(owner, type) else type(owner)
        for cls in described.mro(own_class):
            names.update(type.__dict__["__dict__"].__get__(cls))
        own = instance_dict(owner)
        names.update(own)
        if is_layer(owner):
            for table in ("_modules", "_parameters", "_buffers"):
                names.update(described.table_of(own, table))
    return _names(name for name in names if type(name) is str and not name.startswith("_"))


def elsewhere(name: str, frame: types.FrameType | None) -> Iterator[str]:
    """Where else a name is to be had, as the frame would write it."""
    if not name or "." in name:
        return
    seen = {**frame.f_globals, **frame.f_locals} if frame else {}
    aliases = {
        id(held): alias for alias, held in seen.items() if described.is_a(held, types.ModuleType)
    }
    for place in _MODULES:
        module = sys.modules.get(place)
        if module is not None and name in vars(module):
            yield f"{aliases.get(id(module), place)}.{name}"


def files(error: BaseException) -> tuple[str, str, tuple[str, ...]]:
    """The path that could not be opened, the folder on its way that is there, and what is in it."""
    if not isinstance(error, OSError) or not isinstance(error.filename, (str, bytes)):
        return "", "", ()
    path = Path(os.fsdecode(error.filename))
    folder = path.parent
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    with os.scandir(folder) as entries:
        found = [
            sound(entry.name + ("/" if entry.is_dir() else ""))[:200]
            for entry in islice(entries, 2000)
            if not entry.name.startswith(".")
        ]
    shown = "" if folder == Path() else str(folder)
    return sound(str(path))[:500], sound(shown)[:500], tuple(sorted(found)[:MAX_FILES])
