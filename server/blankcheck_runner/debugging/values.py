"""How the debugger shows tensors and modules.

Only what is asked for is computed, and nothing that costs: no row of a tensor before it is opened.
"""

from __future__ import annotations

import importlib
from typing import Any, cast

from blankcheck_runner import glance

ROWS = 50
"""Rows of a tensor that can be opened."""
Entry = tuple[str, Any, str | None]
"""A name, its value, and the code after the parent's that gives it."""


class TensorValue:
    """A tensor: shape, dtype, device, range and first values; inside, its facts and its rows."""

    def can_provide(self, type_object: type, type_name: str) -> bool:
        """Whether this is for values of a class."""
        return glance.is_tensor(type_object)

    def get_str(self, val: Any) -> str:
        """Its line."""
        return glance.tensor(val)

    def get_contents_debug_adapter_protocol(self, obj: Any, fmt: Any = None) -> list[Entry]:
        """What it holds."""
        plain = obj.detach()
        entries: list[Entry] = [
            ("shape", tuple(obj.shape), ".shape"),
            ("dtype", obj.dtype, ".dtype"),
            ("device", str(obj.device), ".device"),
            ("requires_grad", obj.requires_grad, ".requires_grad"),
        ]
        if obj.requires_grad and obj.is_leaf:
            entries.append(("grad", obj.grad, ".grad"))
        found = (
            None if plain.is_meta or plain.layout is not _strided() else glance.value_range(plain)
        )
        if found is not None:
            entries += [("min", found[0], ".min()"), ("max", found[1], ".max()")]
        if plain.dim():
            rows = min(len(plain), ROWS)
            entries += [(f"[{index}]", _row(plain, index), f"[{index}]") for index in range(rows)]
            if len(plain) > rows:
                entries.append(("…", f"{len(plain)} in all", None))
        return entries

    def get_dictionary(self, var: Any) -> dict[str, Any]:
        """The same, for who asks in this way."""
        return {name: value for name, value, _ in self.get_contents_debug_adapter_protocol(var)}

    def resolve(self, var: Any, attribute: str) -> Any:
        """One of them."""
        return self.get_dictionary(var)[attribute]


class ModuleValue(TensorValue):
    """A module: its layers; inside, these and its own parameters and buffers."""

    def can_provide(self, type_object: type, type_name: str) -> bool:
        """Whether this is for values of a class."""
        return glance.is_module(type_object)

    def get_str(self, val: Any) -> str:
        """Its line."""
        return glance.module(val)

    def get_contents_debug_adapter_protocol(self, obj: Any, fmt: Any = None) -> list[Entry]:
        """What it holds."""
        parts = [
            *obj.named_children(),
            *obj.named_parameters(recurse=False),
            *obj.named_buffers(recurse=False),
        ]
        entries: list[Entry] = [(name, part, _after(name)) for name, part in parts]
        has = cast("dict[str, Any]", vars(obj))
        own = {key: value for key, value in has.items() if not key.startswith("_")}
        return [*entries, *((key, value, f".{key}") for key, value in own.items())]


def _row(plain: Any, index: int) -> Any:
    row = plain[index]
    return row if row.dim() else row.item()


def _after(name: str) -> str:
    return f".{name}" if name.isidentifier() else f"[{name}]"


def _strided() -> Any:
    return importlib.import_module("torch").strided


def present() -> None:
    """Has the debugger that this process runs under show values so, if it is one that can."""
    try:
        api = importlib.import_module("_pydevd_bundle.pydevd_extension_api")
        known = importlib.import_module("_pydevd_bundle.pydevd_extension_utils")
        for kind in (api.StrPresentationProvider, api.TypeResolveProvider):
            known.extensions_of_type(kind)[:0] = [TensorValue(), ModuleValue()]
    except (ImportError, AttributeError):
        return  # another build of the debugger: it shows them as it shows anything
