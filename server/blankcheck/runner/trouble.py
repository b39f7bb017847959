"""What goes wrong on the way to another machine, in words, with what to do about it.

All that is known of it are the exit status and what the launcher said; each program says it in
words of its own. Pure.
"""

from __future__ import annotations

import re
from typing import NamedTuple

LINES = 12
"""Of what was said, the last ones are passed on."""


class Trouble(NamedTuple):
    """A way to fail: how it is recognised, and what is said of it."""

    sign: re.Pattern[str]
    message: str
    """`{title}` is the launcher's command, `{python}` the interpreter that was asked for."""


def _trouble(sign: str, message: str) -> Trouble:
    return Trouble(re.compile(sign, re.IGNORECASE), message)


_NO_PYTHON = (
    "There is no `{python}` at the other end of `{title}`. Install Python 3.10 or newer there, or "
    "name the one to use in the setting blankcheck.runner.python."
)
_KNOWN = (
    _trouble(
        r"REMOTE HOST IDENTIFICATION HAS CHANGED|host key for .* has changed",
        "The machine at the other end of `{title}` shows another host key than before, so the "
        "connection was refused. Ask whoever runs the machine whether its key was changed. Only if "
        "so, remove the old one with `ssh-keygen -R` and the machine's name, and connect once in a "
        "terminal.",
    ),
    _trouble(
        r"Host key verification failed|No .* host key is known",
        "The host key of the machine at the other end of `{title}` is not known here yet. Run "
        "`{title}` once in a terminal, compare the key, and confirm it. Then try again.",
    ),
    _trouble(
        r"Permission denied \(|Too many authentication failures|Authentication failed"
        r"|no such identity|sign_and_send_pubkey|password is required",
        "`{title}` was not let in: it needs a password, and nobody can be asked for one here. Set "
        "up a key (`ssh-keygen`, `ssh-copy-id`), or an agent that has it (`ssh-add`), until "
        "`{title}` needs no password in a terminal.",
    ),
    _trouble(
        r"Could not resolve hostname|Name or service not known|nodename nor servname",
        "The machine that `{title}` names cannot be found. Look at the name in the setting "
        "blankcheck.runner.command, and at the network.",
    ),
    _trouble(
        r"Connection refused|Connection timed out|Operation timed out|No route to host"
        r"|Network is unreachable|kex_exchange_identification",
        "The machine that `{title}` names does not answer. Is it running, and does it take "
        "connections? Is the network there?",
    ),
    _trouble(
        r"input device is not a TTY",
        "`{title}` asks for a terminal, which damages what is sent. Leave out `-t` in the setting "
        "blankcheck.runner.command (`docker exec -i`, not `-it`).",
    ),
    _trouble(
        r"No such container|is not running",
        "The container that `{title}` names is not running. Start it, then try again.",
    ),
    _trouble(
        r"Cannot connect to the Docker daemon|docker daemon is not running",
        "Docker is not running here, so `{title}` cannot reach the container. Start it.",
    ),
    _trouble(
        r"Unable to allocate resources|Invalid generic resource|Job submit.* failed"
        r"|allocation failure|Invalid account|Requested node configuration",
        "The scheduler refused what `{title}` asks for. Look at what it says, and at the setting "
        "blankcheck.runner.command.",
    ),
    _trouble(r"Unknown option: -I|unrecognized option.*-I", "`{python}` is too old. {newer}"),
    _trouble(r"No module named .?code\b", _NO_PYTHON),
    _trouble(
        r"(?:command )?not found|No such file or directory|is not recognized as"
        r"|Unknown command",
        _NO_PYTHON,
    ),
)
_NEWER = (
    "Python 3.10 or newer is needed. Install one there, and name it in the setting "
    "blankcheck.runner.python."
)
_PROMPT = re.compile(
    r"(?:password|passphrase|passcode|verification code|one-time|OTP)[^\n]{0,80}[:?]\s*$"
    r"|\(yes/no[^)]*\)\??\s*$",
    re.IGNORECASE,
)
_QUEUED = re.compile(r"queued|waiting|pending|blocked until", re.IGNORECASE)


def never_began(title: str, python: str, code: int | None, said: str, shown: str) -> str:
    """Why there is no host: the launcher ended with this status after it said and showed this.

    said: its standard error. shown: what came on its standard output.
    """
    known = _known(said + "\n" + shown, title, python)
    if known is None and code == 127:
        known = _NO_PYTHON.format(title=title, python=python)
    if known is None and code == 0:
        known = (
            f"`{title}` ended at once, so it passes no input on: `docker exec` needs `-i`, `ssh` "
            "no `-n`. Look at the setting blankcheck.runner.command."
        )
    if known is None:
        how = "ended" if code is None else f"ended with status {code}"
        known = (
            f"`{title}` {how} before a runner was there. Does it work in a terminal, with "
            f"`{python} --version` after it?"
        )
    return known + _quoted(said, shown)


def went_away(title: str, code: int | None, said: str) -> str:
    """Why a host that was there is not there any more."""
    how = "" if code is None else f" (status {code})"
    return f"The connection through `{title}` was lost{how}.{_quoted(said)}"


def told(title: str, python: str, trouble: str, detail: str) -> str:
    """What the far end itself says that it cannot do."""
    detail = detail[:500]
    if trouble == "old":
        return f"`{python}` at the other end of `{title}` is Python {detail}. {_NEWER}"
    if trouble == "terminal":
        return (
            f"`{title}` gives the other end a terminal, which damages what is sent. Leave out what "
            "asks for one, such as `-t`, in the setting blankcheck.runner.command."
        )
    if trouble == "folder":
        return (
            f"The runner cannot keep its files at the other end of `{title}`: {detail}. Name a "
            "folder there that can be written in the setting blankcheck.runner.folder."
        )
    return f"{damaged(title)} ({detail or trouble})"


def damaged(title: str) -> str:
    """Bytes came that are none of ours, or not as they were sent."""
    return (
        f"What comes through `{title}` is damaged: something there adds to its output or changes "
        "it. Look for what a login prints or a terminal that it asks for."
    )


def silent(title: str, seconds: float) -> str:
    """A host that was there does not answer any more."""
    return f"The connection through `{title}` is lost: there was no answer for {seconds:g} seconds."


def asks(title: str, said: str, shown: str) -> str | None:
    """What to say if the launcher waits for an answer to a question; null if it does not."""
    if not _PROMPT.search(said[-200:]) and not _PROMPT.search(shown[-200:]):
        return None
    return (
        f"`{title}` asks for something that nobody can answer here: it needs a password or a "
        "confirmation. Set up a key or an agent, until it asks nothing in a terminal."
        + _quoted(said, shown)
    )


def mute(title: str, python: str, seconds: float, said: str, shown: str) -> str:
    """Nothing came for long."""
    return (
        f"No runner answered through `{title}` within {seconds:g} seconds. Does it work in a "
        f"terminal, with `{python} --version` after it?{_quoted(said, shown)}"
    )


def queued(said: str) -> bool:
    """Whether the launcher says that it waits for its turn."""
    return _QUEUED.search(said) is not None


def _known(said: str, title: str, python: str) -> str | None:
    for trouble in _KNOWN:
        if trouble.sign.search(said):
            return trouble.message.format(title=title, python=python, newer=_NEWER)
    return None


def _quoted(*said: str) -> str:
    # What takes lines of code there writes a prompt for each.
    shown = [line.replace(">>> ", "") for text in said for line in text.splitlines()]
    lines = [line for line in shown if line.strip()]
    return "" if not lines else "\nIt said:\n" + "\n".join(lines[-LINES:])
