"""How much of a value is carried; both the writer and the (distrustful) reader keep to it."""

from __future__ import annotations

MAX_BYTES = 32 * 2**20
MAX_DEPTH = 40
MAX_NODES = 200_000
MAX_TEXT = 2_000_000
"""Characters of one string."""
MAX_DIGITS = 4_000
"""Hexadecimal digits of one integer."""
SAMPLE = 1_000
"""Values kept of a tensor that is too large."""

TOO_LARGE = "too large"
CYCLE = "refers to itself"
UNREADABLE = "not readable"
