"""How the debugger shows tensors and modules: in the words of a hover.

Only what is asked for is computed, and nothing that costs: no row of a tensor before it is opened.
None of the learner's code runs for it.
"""

from __future__ import annotations

import importlib
from typing import Any

from blankcheck_runner.described import instance_dict, mro, table_of, torch_class
from blankcheck_runner.seen import look

ROWS = 50
"""Rows of a tensor that can be opened."""
Entry = tuple[str, Any, str | None]
"""A name, its value, and the code after the parent's that gives it."""


class TensorValue:
    """A tensor: shape, dtype, device, range and first values; inside, its facts and its rows."""

    def can_provide(self, type_object: type, type_name: str) -> bool:
        """Whether this is for values of a class: not for classes of the learner's own."""
        return type_object in (torch_class("Tensor"), torch_class("nn.Parameter"))

    def get_str(self, val: Any) -> str:
        """Its line."""
        seen = look(val)
        assert seen is not None
        values = f": {seen.values}" if seen.values else ""
        return f"{seen.facts}{f', {seen.range}' if seen.range else ''}{values}"

    def get_contents_debug_adapter_protocol(self, obj: Any, fmt: Any = None) -> list[Entry]:
        """What it holds."""
        entries: list[Entry] = [
            ("shape", tuple(obj.shape), ".shape"),
            ("dtype", obj.dtype, ".dtype"),
            ("device", str(obj.device), ".device"),
            ("requires_grad", obj.requires_grad, ".requires_grad"),
        ]
        if obj.requires_grad and obj.is_leaf:
            entries.append(("grad", obj.grad, ".grad"))
        seen = look(obj)
        if seen is not None and seen.range:
            entries.append(("range", seen.range, None))
        plain = obj.detach()
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
        module = torch_class("nn.Module")
        return module is not None and module in mro(type_object)

    def get_str(self, val: Any) -> str:
        """Its line, and those of its layers."""
        seen = look(val)
        assert seen is not None
        line, *below = seen.text.splitlines()
        layers = [layer.strip() for layer in below if layer[2:3] != " "]
        return f"{line}: {', '.join(layers)}" if layers else line

    def get_contents_debug_adapter_protocol(self, obj: Any, fmt: Any = None) -> list[Entry]:
        """What it holds."""
        held = instance_dict(obj)
        entries: list[Entry] = [
            (name, part, _after(name))
            for table in ("_modules", "_parameters", "_buffers")
            for name, part in table_of(held, table).items()
        ]
        own = {key: value for key, value in held.items() if not key.startswith("_")}
        return [*entries, *((key, value, f".{key}") for key, value in own.items())]


def _row(plain: Any, index: int) -> Any:
    row = plain[index]
    return row if row.dim() else row.item()


def _after(name: str) -> str:
    return f".{name}" if name.isidentifier() else f"[{name}]"


def present() -> None:
    """Has the debugger that this process runs under show values so, if it is one that can."""
    try:
        api = importlib.import_module("_pydevd_bundle.pydevd_extension_api")
        known = importlib.import_module("_pydevd_bundle.pydevd_extension_utils")
        for kind in (api.StrPresentationProvider, api.TypeResolveProvider):
            known.extensions_of_type(kind)[:0] = [TensorValue(), ModuleValue()]
    except (ImportError, AttributeError):
        return  # another build of the debugger: it shows them as it shows anything
