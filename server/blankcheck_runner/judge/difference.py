"""What one comparison needs and gives: its options, and the most telling difference."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, replace
from typing import Any

from blankcheck_runner.observation.describing import describe


@dataclass(frozen=True)
class Tolerance:
    """How far two numbers may be apart and still count as equal."""

    relative: float
    """Of the larger of the two."""
    scale: float
    """Of the largest number in both tensors: what cancellation leaves of big terms."""
    floor: float
    """At any size: what is left of numbers around 1 that should have cancelled."""

    def of_sum(self, terms: int) -> Tolerance:
        """The tolerance for numbers that are each a sum of so many rounded terms."""
        factor = math.sqrt(max(1, terms))
        return Tolerance(self.relative * factor, self.scale * factor, self.floor * factor)


EXACT = Tolerance(0.0, 0.0, 0.0)
_BY_DTYPE = {
    "float64": Tolerance(1e-7, 1e-9, 1e-12),
    "float32": Tolerance(1e-5, 2e-6, 2e-7),
    "float16": Tolerance(4e-3, 1e-3, 1e-4),
    "bfloat16": Tolerance(3e-2, 8e-3, 1e-3),
}
_SAME_AS = {"complex128": "float64", "complex64": "float32", "complex32": "float16"}


def tolerance_of(dtype: str) -> Tolerance:
    """The tolerance that suits a dtype: several roundings, far less than a mistake."""
    dtype = _SAME_AS.get(dtype, dtype)
    if dtype.startswith("float8"):
        return Tolerance(0.3, 0.07, 0.0)
    if dtype in ("float128", "longdouble", "complex256"):
        return _BY_DTYPE["float64"]
    return _BY_DTYPE.get(dtype, EXACT)


def single(value: float) -> bool:
    """Whether a number is exactly one of float32, as what `.item()` gives usually is."""
    try:
        return struct.unpack("f", struct.pack("f", value))[0] == value
    except OverflowError:
        return False


@dataclass(frozen=True)
class Options:
    """What counts as a difference."""

    tolerance: Tolerance | None = None
    """Null: what suits the dtype."""
    requires_grad: bool = False
    device: bool = False
    weights: bool = False
    """Whether the values of a module's parameters and buffers count, beyond their shapes."""
    mode: bool = False
    """Whether train or eval mode counts."""


@dataclass(frozen=True)
class Difference:
    """How a value differs from what is expected, in the one fact that says most."""

    code: str
    """`sct/type`, `sct/shape`, `sct/dtype`, `sct/device`, `sct/structure` or `sct/value`."""
    phrase: str
    """What is said of the value: `has shape (4, 1), expected (1, 4)`."""
    path: tuple[str, ...] = ()
    """Where in the value, from the outside: `item 2`, `key 'a'`."""
    amount: bool = False
    """Whether it is one of how many parts there are: no other values of the same kind mend it."""

    @property
    def of_kind(self) -> bool:
        """Whether the two are of different kinds, and not only of different values."""
        return self.amount or self.code != "sct/value"

    def about(self, subject: str) -> str:
        """The sentence, for a subject such as `` `hidden_1` ``."""
        return f"{' of '.join((*reversed(self.path), subject))} {self.phrase}."

    @property
    def message(self) -> str:
        """The sentence for a value without a name."""
        text = self.about("the value")
        return text[:1].upper() + text[1:]

    def within(self, part: str) -> Difference:
        """The same difference, told of a part of a larger value."""
        return replace(self, path=(part, *self.path))


def kinds(expected: Any, actual: Any) -> Difference:
    """That the value is of another kind, with what may have led to it."""
    phrase = f"is {describe(actual)}, expected {describe(expected)}"
    found, wanted = type(actual).__name__, type(expected).__name__
    if actual is None:
        phrase += ": a call that only changes something gives None"
    elif found == "FunctionValue" and wanted != "FunctionValue":
        phrase += ": it was named but not called, the parentheses are missing"
    elif found == "ClassValue" and wanted != "ClassValue":
        phrase += ": it is the class itself, call it to make an object"
    elif wanted == "ClassValue":
        phrase += ": it was called where the class itself is meant"
    elif found == "Tensor" and wanted in ("int", "float", "bool"):
        phrase += ": `.item()` gives the number"
    elif wanted == "Tensor" and found in ("list", "tuple", "int", "float", "ndarray"):
        phrase += ": `torch.tensor()` makes one"
    elif wanted == "str" and found in ("int", "float"):
        phrase += ": `str()` makes one"
    elif found == "str" and wanted in ("int", "float"):
        phrase += ": quotes make it text"
    return Difference("sct/type", phrase)


def number_text(value: Any) -> str:
    """A number as a message shows it: four significant digits, whole numbers as they are."""
    if isinstance(value, bool | int):
        return str(value)
    if isinstance(value, complex):
        sign = "-" if math.copysign(1.0, value.imag) < 0 else "+"
        return f"{number_text(value.real)}{sign}{number_text(abs(value.imag))}j"
    text = f"{value:.4g}"
    return text if any(mark in text for mark in ".en") else f"{text}.0"


def pair_text(found: Any, expected: Any) -> tuple[str, str]:
    """Two numbers with as many digits as it takes to tell them apart."""
    short = number_text(found), number_text(expected)
    return short if short[0] != short[1] else (repr(found), repr(expected))
