"""A small Debug Adapter Protocol client on a real adapter process."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, BinaryIO, cast

from blankcheck import debugging
from blankcheck_runner.debugging.adapter import read, write

PATIENCE = 60.0
Message = dict[str, Any]


class Debugger:
    """One debug session, as an editor would hold it. Every message that came is kept."""

    def __init__(self, python: str = sys.executable) -> None:
        self.process = subprocess.Popen(
            debugging.command(python), stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.messages: list[Message] = []
        self._arrived = threading.Condition()
        self._numbers = 0
        self._seen = 0
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        while (message := read(cast("BinaryIO", self.process.stdout))) is not None:
            with self._arrived:
                self.messages.append(message)
                self._arrived.notify_all()
        with self._arrived:
            self.messages.append({"type": "end"})
            self._arrived.notify_all()

    def wait(self, wanted: Callable[[Message], bool], since: int = 0) -> Message:
        """The first message, counted from `since`, that is wanted."""

        def found() -> bool:
            return any(wanted(message) for message in self.messages[since:])

        with self._arrived:
            assert self._arrived.wait_for(found, PATIENCE), self.messages[-10:]
        return next(message for message in self.messages[since:] if wanted(message))

    def ask(self, command: str, **arguments: Any) -> int:
        """Sends a request."""
        self._numbers += 1
        assert self.process.stdin is not None
        request = {
            "seq": self._numbers,
            "type": "request",
            "command": command,
            "arguments": arguments,
        }
        write(cast("BinaryIO", self.process.stdin), request)
        return self._numbers

    def answer(self, number: int) -> Message:
        """The whole answer to a request."""
        return self.wait(lambda m: m["type"] == "response" and m["request_seq"] == number)

    def request(self, command: str, **arguments: Any) -> Any:
        """Asks, and takes the answer's body."""
        answer = self.answer(self.ask(command, **arguments))
        assert answer["success"], answer
        return answer.get("body")

    def event(self, name: str) -> Message:
        """The next event of a kind that was not waited for yet."""
        since = self._seen
        found = self.wait(lambda m: m["type"] == "event" and m["event"] == name, since)
        self._seen = self.messages.index(found, since) + 1
        return found.get("body") or {}

    def launch(self, plan: Message, lines: list[int] | None = None, **options: Any) -> list[Any]:
        """Starts an exercise with breakpoints on lines, counted from 1; what became of them."""
        self.request("initialize", adapterID="blankcheck", pathFormat="path", linesStartAt1=True)
        launched = self.ask("launch", plan=plan, name="test", type="blankcheck", **options)
        self.event("initialized")
        found: list[Any] = []
        if lines is not None:
            wanted = [{"line": line} for line in lines]
            source = {"path": plan["file"]}
            found = self.request("setBreakpoints", source=source, breakpoints=wanted)["breakpoints"]
        self.request("setExceptionBreakpoints", filters=["uncaught"])
        self.request("configurationDone")
        assert self.answer(launched)["success"], self.answer(launched)
        return found

    def stopped(self) -> list[tuple[str, int]]:
        """Waits for a stop: the call stack, as file and line, the innermost first."""
        self.thread = self.event("stopped")["threadId"]
        frames = self.request("stackTrace", threadId=self.thread)["stackFrames"]
        self.frame = frames[0]["id"]
        return [(frame["source"]["path"], frame["line"]) for frame in frames]

    def step(self, how: str) -> list[tuple[str, int]]:
        """Steps (`next`, `stepIn`, `stepOut`, `continue`), to the next stop."""
        self.request(how, threadId=self.thread)
        return self.stopped()

    def variables(self) -> dict[str, Message]:
        """The variables of the innermost frame, by name."""
        scopes = self.request("scopes", frameId=self.frame)["scopes"]
        return self.inside(scopes[0])

    def inside(self, holder: Message) -> dict[str, Message]:
        """What a scope or a variable holds."""
        found = self.request("variables", variablesReference=holder["variablesReference"])
        return {item["name"]: item for item in found["variables"]}

    @property
    def output(self) -> str:
        """What the program has printed."""
        events = [m["body"] for m in self.messages if m.get("event") == "output"]
        wanted = ("stdout", "stderr")
        return "".join(body["output"] for body in events if body.get("category") in wanted)

    def finish(self) -> None:
        """Lets the program go on to its end."""
        self.request("continue", threadId=self.thread)
        self.event("terminated")

    def close(self) -> None:
        """The editor goes away."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        assert self.process.stdout is not None
        self.process.stdout.close()


@contextmanager
def debugger(python: str = sys.executable) -> Generator[Debugger]:
    """A debug session, which is over afterwards."""
    session = Debugger(python)
    try:
        yield session
    finally:
        session.close()
