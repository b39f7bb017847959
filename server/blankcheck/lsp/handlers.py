"""What the server does for each message: thin, since the session and the core do the work."""

from __future__ import annotations

import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from blankcheck import __version__, learning
from blankcheck.containment import containment
from blankcheck.course.blanks import find_blanks
from blankcheck.course.syntax import MAX_CODE
from blankcheck.course.text import Lines, Span
from blankcheck.course.tracking import blank_at, track
from blankcheck.courses import CourseError, Target, find_exercise, start
from blankcheck.lsp import lenses as lens
from blankcheck.lsp import outline, protocol, tree
from blankcheck.lsp.actions import actions
from blankcheck.lsp.busy import busy
from blankcheck.lsp.convert import to_path, to_uri
from blankcheck.lsp.dialect import Server
from blankcheck.lsp.documents import ChapterView, Document, SubmissionView
from blankcheck.lsp.harmless import LONGEST, title
from blankcheck.lsp.hover import hover
from blankcheck.lsp.params import (
    ExerciseParams,
    InvalidParams,
    document_params,
    exercise_params,
    trust_params,
)
from blankcheck.lsp.settings import read_settings
from blankcheck.lsp.values import hints
from blankcheck.result import range_json
from blankcheck.runner import RunnerUnavailable
from blankcheck_runner.plain import plain


@contextmanager
def _told() -> Generator[None]:
    """Turns our errors into the protocol's."""
    try:
        yield
    except InvalidParams as error:
        raise JsonRpcException(str(error), protocol.INVALID_PARAMS) from None
    except CourseError as error:
        raise JsonRpcException(str(error), protocol.NOT_AN_EXERCISE) from None


# The server's life


def initialize(ls: Server, params: types.InitializeParams) -> None:
    """Takes the settings."""
    settings = read_settings(params.initialization_options, ls.session.settings)
    ls.session.configure(settings)
    if settings.client_commands:
        ls.protocol.commands = ()
    ls.on_client(params.process_id)


async def initialized(ls: Server, params: types.InitializedParams) -> None:
    """Reads the progress, and asks to be told of chapters that change on disk."""
    workspace = ls.client_capabilities.workspace
    lenses = workspace.code_lens if workspace else None
    watching = workspace.did_change_watched_files if workspace else None
    if lenses is not None and lenses.refresh_support:
        ls.session.standings.on_change = lambda: _ask(ls, types.WORKSPACE_CODE_LENS_REFRESH)
    inlays = workspace.inlay_hint if workspace else None
    if inlays is not None and inlays.refresh_support:
        ls.session.execution.on_values = lambda: _ask(ls, types.WORKSPACE_INLAY_HINT_REFRESH)
    if watching is not None and watching.dynamic_registration:
        watchers = [types.FileSystemWatcher("**/*.md"), types.FileSystemWatcher("**/course.yml")]
        options = types.DidChangeWatchedFilesRegistrationOptions(watchers)
        method = types.WORKSPACE_DID_CHANGE_WATCHED_FILES
        registration = types.Registration("chapters", method, options)
        _ask(ls, types.CLIENT_REGISTER_CAPABILITY, types.RegistrationParams([registration]))
    await ls.session.standings.load()


def _ask(ls: Server, method: str, params: Any = None) -> None:
    """Sends a request whose answer makes no difference."""
    ls.protocol.send_request(method, params)  # pyright: ignore[reportUnknownMemberType]


async def shutdown(ls: Server, params: None) -> None:
    """Ends every process before it is answered."""
    await ls.session.end()


def did_change_configuration(ls: Server, params: types.DidChangeConfigurationParams) -> None:
    """Takes the settings; those that are left out keep their values."""
    sent = params.settings
    own: Any = sent.get("blankcheck", sent) if isinstance(sent, Mapping) else None  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    ls.session.configure(read_settings(own, ls.session.settings))  # pyright: ignore[reportUnknownArgumentType]


def did_change_files(ls: Server, params: types.DidChangeWatchedFilesParams) -> None:
    """A chapter may have changed on disk."""
    _courses_changed(ls)


def did_change_folders(ls: Server, params: types.DidChangeWorkspaceFoldersParams) -> None:
    """A chapter may be found now, or no longer."""
    _courses_changed(ls)


def _courses_changed(ls: Server) -> None:
    ls.session.documents.refresh_all()
    ls.protocol.notify(protocol.COURSES_CHANGED, {})


def trust(ls: Server, params: object) -> None:
    """Trust was given or withdrawn."""
    with _told():
        data = {"trusted": trust_params(params)}
    ls.session.configure(read_settings(data, ls.session.settings))
    ls.session.documents.refresh_all()


# Documents


def did_open(ls: Server, params: types.DidOpenTextDocumentParams) -> None:
    """Looks at a document."""
    ls.session.documents.open(params.text_document)


def did_change(ls: Server, params: types.DidChangeTextDocumentParams) -> None:
    """Looks at it anew."""
    document = params.text_document
    ls.session.documents.change(document.uri, document.version, params.content_changes)


def did_save(ls: Server, params: types.DidSaveTextDocumentParams) -> None:
    """A chapter that was saved is another one for its submissions."""
    document = ls.session.documents.get(params.text_document.uri)
    if document is not None and isinstance(document.view, ChapterView):
        ls.session.documents.refresh_all()


def did_close(ls: Server, params: types.DidCloseTextDocumentParams) -> None:
    """Takes back what was said of it."""
    ls.session.documents.close(params.text_document.uri)


async def show_hover(ls: Server, params: types.HoverParams) -> types.Hover | None:
    """What is known of the blank, the mistake or the variable there."""
    document = await ls.session.documents.viewed(params.text_document.uri)
    if document is None or not isinstance(document.view, SubmissionView):
        return None
    target = document.view.target
    hint_taken = ls.session.standings.of(target).hint
    described = ls.session.prefetch.described(target)
    pictures = ls.session.settings.pictures
    return await ls.session.background.aside(
        hover, document.as_it_is(), params.position, described, hint_taken, pictures
    )


async def inlay_hints(ls: Server, params: types.InlayHintParams) -> list[types.InlayHint]:
    """The shapes of what a submission assigns, once it has run."""
    document = await ls.session.documents.viewed(params.text_document.uri)
    if document is None or document.values is None:
        return []
    return await ls.session.background.aside(hints, document.as_it_is(), params.range)


async def code_lens(ls: Server, params: types.CodeLensParams) -> list[types.CodeLens]:
    """Check, Run, Hint, Reset."""
    document = await ls.session.documents.viewed(params.text_document.uri)
    if document is None:
        return []
    icons = ls.session.settings.client_commands
    return lens.lenses(document, ls.session.standings.known, icons=icons)


async def symbols(ls: Server, params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
    """The exercises of a chapter."""
    document = await ls.session.documents.viewed(params.text_document.uri)
    if document is None or not isinstance(document.view, ChapterView):
        return []
    return await ls.session.background.aside(outline.symbols, document.view.pieces, document.lines)


async def folds(ls: Server, params: types.FoldingRangeParams) -> list[types.FoldingRange] | None:
    """The exercises and sections of a chapter; null leaves other documents to the editor."""
    document = await ls.session.documents.viewed(params.text_document.uri)
    if document is None or not isinstance(document.view, ChapterView):
        return None
    return await ls.session.background.aside(outline.folds, document.view.pieces, document.lines)


async def code_actions(ls: Server, params: types.CodeActionParams) -> list[types.CodeAction]:
    """The repairs of a chapter that can be written into it; what can be done with a submission."""
    document = await ls.session.documents.viewed(params.text_document.uri)
    if document is None:
        return []
    client_commands = ls.session.settings.client_commands
    return await ls.session.background.aside(actions, document.as_it_is(), params, client_commands)


# Our own requests


async def check(ls: Server, params: object) -> protocol.CheckResult:
    """Checks a submission."""
    with _told():
        asked = document_params(params)
    return await busy(ls, asked.token, "Checking", ls.session.execution.check(asked))


async def run(ls: Server, params: object) -> protocol.CheckResult:
    """Runs a submission."""
    with _told():
        asked = document_params(params)
    return await busy(ls, asked.token, "Running", ls.session.execution.run(asked))


async def debug(ls: Server, params: object) -> protocol.DebugStart:
    """How to debug a submission."""
    with _told():
        return await ls.session.execution.debug(document_params(params))


async def courses(ls: Server, params: object) -> protocol.Courses:
    """The tree."""
    await ls.session.standings.load()
    return await ls.session.background.aside(tree.courses, ls.folders(), ls.session.standings.known)


async def start_exercise(ls: Server, params: object) -> protocol.Started:
    """Writes the learner's file."""
    with _told():
        asked = exercise_params(params)
        folders = ls.folders()
        folder = to_path(asked.folder) if asked.folder else (folders[0] if folders else None)
        if folder is None:
            raise CourseError("No folder is open to write the exercise to. Open a folder first.")
        target = await ls.session.background.aside(_exercise, asked)
        file, created = await ls.session.background.aside(start, target, folder)
    if created:
        ls.session.background.spawn(ls.session.standings.record(target, "start"))
    return {"uri": to_uri(file), "created": created}


async def take_hint(ls: Server, params: object) -> protocol.Hint:
    """The hint, or what it costs."""
    with _told():
        asked = document_params(params)
    target = await ls.session.documents.target(ls.session.documents.requested(asked))
    hint = learning.hint(target)
    standings = ls.session.standings
    taken = standings.of(target).hint
    if hint is not None and asked.take and not taken:
        taken = True
        await standings.record(target, "hint")
    return {
        "available": hint is not None,
        "taken": taken,
        "cost": 0 if hint is None or taken else learning.hint_cost(target, standings.known),
        "markdown": hint if taken else None,
    }


async def instructions(ls: Server, params: object) -> protocol.Instructions:
    """What an exercise asks for."""
    with _told():
        if isinstance(params, Mapping) and "textDocument" in params:
            asked = document_params(params)  # pyright: ignore[reportUnknownArgumentType]
            target = await ls.session.documents.target(ls.session.documents.requested(asked))
        else:
            exercise = exercise_params(params)  # pyright: ignore[reportUnknownArgumentType]
            target = await ls.session.background.aside(_exercise, exercise)
    return {
        "chapter": to_uri(target.file),
        "key": target.key,
        "step": target.step,
        "title": title(target.unit.title or target.exercise.title),
        "markdown": learning.instructions(target),
    }


async def reset(ls: Server, params: object) -> protocol.NewText:
    """The sample code, as an edit."""
    with _told():
        document = ls.session.documents.requested(document_params(params))
        target = await ls.session.documents.target(document)
        return _new_text(document, learning.reset_text(target, document.text))


async def take_solution(ls: Server, params: object) -> protocol.Solution:
    """The solution as an edit, or what it costs."""
    with _told():
        asked = document_params(params)
    document = ls.session.documents.requested(asked)
    target = await ls.session.documents.target(document)
    code, standings = learning.solution(target), ls.session.standings
    cost = 0 if code is None else learning.solution_cost(target, standings.known)
    if code is None or not asked.take:
        return {"available": code is not None, "cost": cost, "edit": None}
    await standings.record(target, "solution")
    edit = _new_text(document, learning.with_code(target, document.text, code))
    return {"available": True, "cost": cost, "edit": edit}


def _new_text(document: Document, text: str) -> protocol.NewText:
    whole: Any = range_json(document.lines, Span(0, len(document.text)))
    return {"version": document.version, "range": whole, "text": text}


async def blanks(ls: Server, params: object) -> protocol.Blanks:
    """The unfilled blanks."""
    with _told():
        document = ls.session.documents.requested(document_params(params))
    target = await ls.session.documents.target(document)
    version, lines = document.version, document.lines
    return {"version": version, "blanks": await ls.session.background.aside(_blanks, target, lines)}


def _blanks(target: Target, lines: Lines) -> list[Any]:
    if len(lines.text) > MAX_CODE:
        return []
    sample = target.unit.code("sample_code")
    tracked = track(sample.text, lines.text) if sample is not None else ()
    return [
        {"index": blank_at(tracked, blank.span), "range": range_json(lines, blank.mark)}
        for blank in find_blanks(lines.text)
    ]


async def info(ls: Server, params: object) -> protocol.Info:
    """What this server and its runner are."""
    session = ls.session
    runner: protocol.RunnerInfo | None = None
    message: str | None = None
    if session.settings.trusted:
        try:
            host = await session.runners.runner().info()
            found = containment(host)
            runner = {
                "executable": host.executable,
                "python": host.python,
                "torch": host.torch,
                "torchError": host.torch_error,
                "start": host.start,
                "sandbox": {"level": found.level, "told": found.told, "advice": found.advice},
                "machine": host.machine,
                "through": host.through,
            }
        except RunnerUnavailable as error:
            message = str(error)
    await session.standings.load()
    earned = await session.background.aside(tree.earned, ls.folders(), session.standings.known)
    kept = session.standings.progress
    return {
        "version": __version__,
        "server": sys.executable,
        "trusted": session.settings.trusted,
        "runner": runner,
        "message": message or kept.message,
        "xp": earned,
        "progress": str(kept.file) if kept.message is None else None,
    }


async def devices(ls: Server, params: object) -> protocol.Devices:
    """Which devices there are for exercises, and which one is used. May take some seconds."""
    session = ls.session
    session.runners.require_trust()
    try:
        host = await session.runners.runner().info()
        told = await session.runners.runner().devices()
    except RunnerUnavailable as error:
        raise JsonRpcException(str(error), protocol.RUNNER_UNAVAILABLE) from None
    about = f"Blankcheck {__version__}, exercises on Python {host.python} ({host.executable})"
    return {
        "requested": told.requested,
        "device": told.device,
        "label": told.label,
        "problem": told.problem,
        "advice": told.advice,
        "text": plain(f"{about}\n{told.text}", LONGEST),
    }


def _exercise(asked: ExerciseParams) -> Target:
    chapter = to_path(asked.chapter)
    if chapter is None:
        raise CourseError(f"{asked.chapter} is not a file. Save the chapter first.")
    return find_exercise(chapter, asked.exercise, asked.step)
