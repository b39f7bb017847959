"""The params of our own requests, read from what a client sent, which may be anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class InvalidParams(ValueError):
    """Params that do not have the shape of their request."""


@dataclass(frozen=True)
class DocumentParams:
    """`{"textDocument": {"uri", "version"}, "workDoneToken"}`; all but the URI may be left out."""

    uri: str
    version: int | None = None
    token: str | int | None = None
    take: bool = False
    """`blankcheck/hint` and `blankcheck/solution` only: take it, at its cost."""
    failure: bool | int = False
    """`blankcheck/debug` only: stop at what the last check found at fault: first of all, or on this
    line, from 0."""


@dataclass(frozen=True)
class ExerciseParams:
    """`{"chapter", "exercise", "step", "folder"}`: an exercise of a chapter."""

    chapter: str
    """The chapter's URI."""
    exercise: str
    """A key, a title, or a number from 1."""
    step: int | None = None
    folder: str | None = None
    """`blankcheck/start` only: the workspace folder's URI; without it, the first one."""


def document_params(params: object) -> DocumentParams:
    """Reads the params of a request about a document. Raises InvalidParams."""
    data = _mapping(params, "params")
    document = _mapping(data.get("textDocument"), "textDocument")
    return DocumentParams(
        uri=_text(document, "uri"),
        version=_integer(document, "version"),
        token=_token(data.get("workDoneToken")),
        take=data.get("take") is True,
        failure=_failure(data.get("failure")),
    )


def exercise_params(params: object) -> ExerciseParams:
    """Reads the params of a request about an exercise. Raises InvalidParams."""
    data = _mapping(params, "params")
    folder = data.get("folder")
    if folder is not None and not isinstance(folder, str):
        raise InvalidParams("folder: a URI is expected.")
    return ExerciseParams(
        chapter=_text(data, "chapter"),
        exercise=_text(data, "exercise"),
        step=_integer(data, "step"),
        folder=folder,
    )


def trust_params(params: object) -> bool:
    """Reads the params of `blankcheck/trust`. Raises InvalidParams."""
    trusted = _mapping(params, "params").get("trusted")
    if not isinstance(trusted, bool):
        raise InvalidParams("trusted: true or false is expected.")
    return trusted


def _mapping(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidParams(f"{name}: an object is expected.")
    return value  # pyright: ignore[reportUnknownVariableType]


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str):
        raise InvalidParams(f"{name}: text is expected.")
    return value


def _integer(data: Mapping[str, Any], name: str) -> int | None:
    value = data.get(name)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise InvalidParams(f"{name}: a whole number is expected.")
    return value


def _failure(value: object) -> bool | int:
    if value is None or isinstance(value, bool):
        return value is True
    if not isinstance(value, int) or value < 0:
        raise InvalidParams("failure: true, false or a line from 0 is expected.")
    return value


def _token(value: object) -> str | int | None:
    return value if isinstance(value, (str, int)) and not isinstance(value, bool) else None
