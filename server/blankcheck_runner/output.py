"""What a process printed, as the host keeps it and people see it: head and tail, made harmless.

What the judge is told of prints comes another way, as it was.
"""

from __future__ import annotations

import codecs
from collections import deque

from blankcheck_runner.plain import screen


class Output:
    """Collects output; keeps at most `limit` characters, half of them head and half tail."""

    def __init__(self, limit: int) -> None:
        self.octets = 0
        """All bytes that came, kept or not."""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._head_room = max(0, limit - limit // 2)
        self._tail_room = limit // 2
        self._head: list[str] = []
        self._tail: deque[str] = deque()
        self._tail_size = 0
        self._dropped = 0

    @property
    def truncated(self) -> bool:
        """Whether something was left out."""
        return self._dropped > 0

    def add(self, data: bytes) -> str:
        """Takes what was read; returns the part of it that went to the head, for display."""
        self.octets += len(data)
        text = screen(self._decoder.decode(data))
        shown, rest = text[: self._head_room], text[self._head_room :]
        if shown:
            self._head.append(shown)
            self._head_room -= len(shown)
        if rest:
            self._keep_tail(rest)
        return shown

    def text(self) -> str:
        """What is kept, with a line that says how much is missing between head and tail."""
        head, tail = "".join(self._head), "".join(self._tail)
        if not self._dropped:
            return head + tail
        return f"{head}\n… {self._dropped} characters left out …\n{tail}"

    def _keep_tail(self, text: str) -> None:
        self._tail.append(text)
        self._tail_size += len(text)
        while self._tail_size > self._tail_room:
            excess = self._tail_size - self._tail_room
            first = self._tail.popleft()
            if len(first) > excess:
                self._tail.appendleft(first[excess:])
            gone = min(len(first), excess)
            self._tail_size -= gone
            self._dropped += gone
