"""What client and server say to each other beyond LSP: names, shapes and error codes.

The client mirrors this file in `client/src/protocol.ts`, and `docs/protocol.md` describes it for
other editors. The types have the keys of the wire, so that nothing is translated in between.
"""

from __future__ import annotations

from typing import Any, Literal, TypedDict

# Requests, client to server
CHECK = "blankcheck/check"
RUN = "blankcheck/run"
COURSES = "blankcheck/courses"
START = "blankcheck/start"
HINT = "blankcheck/hint"
INSTRUCTIONS = "blankcheck/instructions"
SOLUTION = "blankcheck/solution"
RESET = "blankcheck/reset"
BLANKS = "blankcheck/blanks"
INFO = "blankcheck/info"
DEVICES = "blankcheck/devices"
DEBUG = "blankcheck/debug"

# Notifications, client to server
TRUST = "blankcheck/trust"

# Notifications, server to client
OUTPUT = "blankcheck/output"
PROGRESS_CHANGED = "blankcheck/progressChanged"
COURSES_CHANGED = "blankcheck/coursesChanged"

# Commands of lenses and code actions, each with a document's URI: the client's own, or, if it does
# not say that it has them, the server's
COMMAND_CHECK = "blankcheck.check"
COMMAND_RUN = "blankcheck.run"
COMMAND_HINT = "blankcheck.hint"
COMMAND_RESET = "blankcheck.reset"
COMMANDS = (COMMAND_CHECK, COMMAND_RUN, COMMAND_HINT, COMMAND_RESET)
COMMAND_DEBUG = "blankcheck.debug"
COMMAND_DEBUG_FAILURE = "blankcheck.debugFailure"
"""These two are the client's only: whoever debugs has to speak the Debug Adapter Protocol. The
second one has as a second argument the line at fault, from 0."""

# Error codes of our own (JSON-RPC leaves -32000 to -32099 to servers)
RUNNER_UNAVAILABLE = -32010
"""The learner's interpreter cannot start or stay up; the message says what to do."""
NOT_AN_EXERCISE = -32011
"""There is no exercise to do this with, or no place for it; the message says what to do."""
UNTRUSTED = -32012
"""The workspace is not trusted, so nothing is run."""
# and of LSP
INVALID_REQUEST = -32600
INVALID_PARAMS = -32602
REQUEST_CANCELLED = -32800
CONTENT_MODIFIED = -32801
"""The version asked for is not the document's, or a newer check of the document took over."""

State = Literal["new", "started", "passed"]
"""How far the learner is with an exercise."""


class Position(TypedDict):
    """A line and a UTF-16 character, both from 0."""

    line: int
    character: int


class Range(TypedDict):
    """As in LSP: the end is exclusive."""

    start: Position
    end: Position


class RelatedPlace(TypedDict):
    """A place in a chapter that explains a feedback."""

    uri: str
    range: Range
    message: str


class FeedbackItem(TypedDict):
    """One message of a verdict. `related` is there only if it is not empty."""

    code: str
    severity: Literal["error", "warning", "information", "hint"]
    message: str
    blank: int | None
    range: Range
    related: list[RelatedPlace]


class CheckResult(TypedDict):
    """The answer to `blankcheck/check` and `blankcheck/run`: what `check --format json` prints."""

    file: str
    exercise: str
    step: int | None
    verdict: Literal["passed", "incomplete", "failed", "error", "timeout", "limit", "broken"]
    feedback: list[FeedbackItem]
    output: str
    truncated: bool
    device: str
    seconds: float
    version: int
    """The version of the document that was checked. If the document has a newer one by now, no
    diagnostics were published."""


class StepItem(TypedDict):
    """A step of an exercise in the tree."""

    step: int
    title: str
    state: State
    file: str | None
    """URI of the learner's file; null before Start."""


class ExerciseItem(TypedDict):
    """An exercise in the tree."""

    key: str
    number: int
    """From 1, in the chapter."""
    title: str
    type: str
    xp: int
    earned: int
    """XP that the learner has for it."""
    state: State
    runnable: bool
    reason: str | None
    """Why it is not runnable here."""
    steps: list[StepItem]
    file: str | None
    """URI of the learner's file (of the first step, where there are steps); null before Start."""


class ChapterItem(TypedDict):
    """A chapter in the tree."""

    uri: str
    title: str
    description: str
    exercises: list[ExerciseItem]


class CourseItem(TypedDict):
    """A course in the tree."""

    uri: str
    """Of its folder."""
    title: str
    builtin: bool
    problem: str | None
    """Why (a part of) it cannot be read."""
    chapters: list[ChapterItem]


class Courses(TypedDict):
    """The answer to `blankcheck/courses`."""

    courses: list[CourseItem]


class Started(TypedDict):
    """The answer to `blankcheck/start`."""

    uri: str
    """Of the learner's file."""
    created: bool
    """Whether it was written now; a file that exists is left as it is."""


class Hint(TypedDict):
    """The answer to `blankcheck/hint`."""

    available: bool
    """Whether the exercise has a hint."""
    taken: bool
    """Whether the learner has taken it (with this request or earlier)."""
    cost: int
    """XP that taking it costs; 0 once it is taken, or if the exercise is passed."""
    markdown: str | None
    """The hint, once it is taken."""


class Instructions(TypedDict):
    """The answer to `blankcheck/instructions`."""

    chapter: str
    """URI of the chapter; relative images resolve against it."""
    key: str
    step: int | None
    title: str
    markdown: str
    """Title, assignment, instructions. Never the solution, SCT or hint."""


class NewText(TypedDict):
    """The answer to `blankcheck/reset`: the client applies it as an edit that can be undone."""

    version: int
    range: Range
    """The whole document."""
    text: str


class Solution(TypedDict):
    """The answer to `blankcheck/solution`."""

    available: bool
    """Whether the exercise has a solution."""
    cost: int
    """XP that seeing it costs; 0 if nothing is left to lose."""
    edit: NewText | None
    """The document with the solution in it, once it is taken."""


class BlankItem(TypedDict):
    """An unfilled blank."""

    index: int | None
    """Of the blank in the sample code; null for one that the learner made."""
    range: Range


class Blanks(TypedDict):
    """The answer to `blankcheck/blanks`: the unfilled ones, in order."""

    version: int
    blanks: list[BlankItem]


class Contained(TypedDict):
    """How well code is contained where it runs."""

    level: str
    """`full`, `landlock`, `limits` or `none`."""
    told: str
    """What that closes off, for people."""
    advice: str | None
    """What is missing, and what to do; null at the highest level."""


class RunnerInfo(TypedDict):
    """What the learner's interpreter is."""

    executable: str
    python: str
    torch: str | None
    torchError: str | None
    start: Literal["fork", "spare"]
    sandbox: Contained
    machine: str
    """The name of the machine that it is on."""
    through: str | None
    """The command that leads there; null where it is the server's machine."""


class Info(TypedDict):
    """The answer to `blankcheck/info`."""

    version: str
    """Of Blankcheck."""
    server: str
    """The interpreter that the server runs on."""
    trusted: bool
    runner: RunnerInfo | None
    """Null while the workspace is not trusted, or if the runner does not start."""
    message: str | None
    """Why there is no runner, and what to do."""
    xp: int
    progress: str | None
    """Where progress is kept; null if it cannot be kept."""


class Devices(TypedDict):
    """The answer to `blankcheck/devices`."""

    requested: str
    """What the settings ask for."""
    device: str | None
    """What that comes to: `cpu`, `cuda:N` or `mps`; null where it is not there."""
    label: str
    """What it is, such as `NVIDIA A100, 80 GB`; empty for the CPU."""
    problem: str | None
    """Why it is not there, and what to do."""
    advice: str | None
    """Why CUDA cannot be used although there is a card for it, and what to do."""
    text: str
    """All that is known, in lines, for a report."""


class DebugStart(TypedDict):
    """The answer to `blankcheck/debug`: how a debug session of the document is begun."""

    command: list[str]
    """Of the debug adapter. It speaks the Debug Adapter Protocol on its stdin and stdout."""
    plan: dict[str, Any]
    """Goes into the arguments of the adapter's `launch` request as it is, as `plan`."""
    version: int
    stopAt: int | None
    """For a failure: the line to set a breakpoint on."""


class OutputParams(TypedDict):
    """`blankcheck/output`: what a running submission has printed since the last one."""

    uri: str
    text: str


class ProgressParams(TypedDict):
    """`blankcheck/progressChanged`: the state of an exercise, or the XP, has changed."""

    chapter: str
    key: str
    step: int | None
    state: State
