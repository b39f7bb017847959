"""What goes wrong on a graphics card: its memory, its asserts, who else uses it.

The words are those of PyTorch's own messages. After an error on the card nothing in its memory can
be looked at any more, so these speak from the message and the text alone.
"""

from __future__ import annotations

import re

from blankcheck_runner.explain.context import Context, Explanation

OUT_OF_MEMORY = re.compile(
    r"CUDA out of memory|CUDA error: out of memory|CUBLAS_STATUS_ALLOC_FAILED"
    r"|HIP out of memory|MPS backend out of memory"
)
_UNITS = {"bytes": 1.0, "KiB": 2.0**10, "MiB": 2.0**20, "GiB": 2.0**30, "TiB": 2.0**40}
_AMOUNT = r"(?<![\d.])([\d.]+) (bytes|[KMGT]iB)"
_CONTEXT = 2.0**30
"""Bytes that a process takes on a card beside its tensors, at most."""
_ELSEWHERE = (
    "Wait until they end, or choose another card or the CPU with the setting `blankcheck.device` "
    "(`--device`)."
)
_CPU = "Run it on the CPU (the setting `blankcheck.device`, or `--device cpu`)"


def memory(ctx: Context) -> Explanation | None:
    """More memory than the card has, or has left beside what others hold."""
    if not OUT_OF_MEMORY.search(ctx.message):
        return None
    total = _amount(ctx, rf"total capacity of {_AMOUNT}")
    free = _amount(ctx, rf"of which {_AMOUNT} is free")
    asked = _amount(ctx, rf"Tried to allocate {_AMOUNT}")
    own = _amount(ctx, rf"{_AMOUNT} is allocated by PyTorch")
    kept = _amount(ctx, rf"{_AMOUNT} is reserved by PyTorch but unallocated") or 0.0
    if total is None or free is None or own is None:
        if ctx.search(r"CUDA error: out of memory"):  # it could not even begin
            return Explanation(
                "memory",
                "The graphics card has no memory left: most likely other programs hold it. "
                + _ELSEWHERE,
            )
        return Explanation(
            "memory",
            "The graphics card has no more memory for this. Use smaller batches or a smaller "
            "network, and compute under `no_grad` where nothing learns.",
        )
    others = total - free - own - kept - _CONTEXT
    if others > total / 4:
        return Explanation(
            "memory",
            f"The graphics card has no room left for this: other programs hold about "
            f"{_size(others)} of its {_size(total)}. {_ELSEWHERE}",
        )
    needs = f"This needs {_size(asked)} more" if asked else "This needs more memory"
    return Explanation(
        "memory",
        f"{needs} on a graphics card of {_size(total)}, of which your code holds {_size(own)} "
        "already. Use smaller batches or a smaller network, and compute under `no_grad` where "
        "nothing learns.",
    )


def asserted(ctx: Context) -> Explanation | None:
    """A check on the card itself failed: nearly always an index out of range."""
    if not ctx.search(r"device-side assert triggered"):
        return None
    names = [call.function for call in ctx.crash.calls]
    names.append(ctx.callee(ctx.call) if ctx.call else "")
    told = " ".join(names).lower()
    if re.search(r"binary_cross_entropy|bceloss", told):
        what = (
            "A prediction or target is not between 0 and 1, as this loss needs: a sigmoid makes "
            "predictions so"
        )
    elif re.search(r"cross_?entropy|nll_?loss", told):
        what = (
            "A target is not one of the classes: each must be a whole number from 0 up to, and "
            "without, the number of columns of the predictions"
        )
    elif "embedding" in told:
        what = (
            "An index is not in the embedding: each must be from 0 up to, and without, its "
            "number of embeddings"
        )
    else:
        what = (
            "A check on the graphics card failed, nearly always because an index is out of range: "
            "of a class, an embedding or a tensor"
        )
    return Explanation("index", f"{what}. {_CPU} to be told which value it is.")


def busy(ctx: Context) -> Explanation | None:
    """A card that another program has for itself."""
    if not ctx.search(r"busy or unavailable"):
        return None
    return Explanation(
        "device",
        "Another program has the graphics card for itself, so your code cannot use it now. Wait "
        "until it ends, or choose another card or the CPU with the setting `blankcheck.device` "
        "(`--device`).",
    )


def ordinal(ctx: Context) -> Explanation | None:
    """A card by a number that is not there: code sees one card at most."""
    if not ctx.search(r"invalid device ordinal"):
        return None
    return Explanation(
        "device",
        "There is no graphics card of this number here: code sees the one that was chosen for it, "
        "as `cuda` or `cuda:0`. Choose another one with the setting `blankcheck.device` "
        "(`--device`).",
    )


def kernel(ctx: Context) -> Explanation | None:
    """A card that this PyTorch has no code for, or a fault in what runs on it."""
    if ctx.search(r"no kernel image is available"):
        return Explanation(
            "device",
            "This PyTorch is not built for this graphics card. Install one that is, or "
            f"{_CPU[0].lower()}{_CPU[1:]}.",
        )
    if ctx.search(r"illegal memory access|unspecified launch failure|misaligned address"):
        return Explanation(
            "device",
            f"The graphics card touched memory that is not its own. {_CPU} to be told where an "
            "index is wrong; if it works there, it is a fault of the driver or of PyTorch.",
        )
    if ctx.search(r"re-initialize CUDA in forked subprocess"):
        return Explanation(
            "device",
            "A process that was forked cannot use the graphics card, such as a worker of a "
            "DataLoader. Load data on the CPU, with `num_workers=0` or without `.to(device)` in "
            "the data set, and move each batch in the loop.",
        )
    return None


EXPLAINERS = (memory, asserted, busy, ordinal, kernel)


def _amount(ctx: Context, pattern: str) -> float | None:
    """The bytes that the message names."""
    found = ctx.search(pattern)
    return None if found is None else float(found.group(1)) * _UNITS[found.group(2)]


def _size(octets: float) -> str:
    if octets >= 2**30:
        return f"{octets / 2**30:.3g} GB"
    return f"{octets / 2**20:.0f} MB"
