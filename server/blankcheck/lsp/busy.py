"""Telling the client that something takes a while, so that it can be waited for or cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar
from uuid import uuid4

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from blankcheck.lsp import protocol
from blankcheck.lsp.dialect import Server

PROGRESS_AFTER = 0.5
"""Seconds after which what goes on is told as progress."""

_LOOK_SECONDS = 0.1

T = TypeVar("T")


async def busy(
    ls: Server,
    token: str | int | None,
    title: str,
    work: Coroutine[Any, Any, T],
    *,
    unasked: bool = False,
) -> T:
    """Does some work. If it takes a while, the client is told, and may cancel it by the token.

    Without a token the client has not asked for that; `unasked` tells it all the same, if it can
    show progress. Raises what the work raises, and the protocol's error if it is cancelled so.
    """
    task = asyncio.ensure_future(work)
    cancelled: list[bool] = []

    def cancel(_: object) -> None:
        if not task.done():
            cancelled.append(True)
            task.cancel()

    told: list[str | int] = []
    teller = asyncio.ensure_future(_tell(ls, token, title, unasked, cancel, told))
    try:
        return await task
    except asyncio.CancelledError:
        if cancelled:
            raise JsonRpcException("Cancelled.", protocol.REQUEST_CANCELLED) from None
        task.cancel()
        raise
    finally:
        teller.cancel()
        await asyncio.gather(teller, return_exceptions=True)
        for token in told:
            ls.work_done_progress.end(token, types.WorkDoneProgressEnd())
            _tokens(ls).pop(token, None)


async def _tell(
    ls: Server,
    token: str | int | None,
    title: str,
    unasked: bool,
    cancel: Any,
    told: list[str | int],
) -> None:
    """Begins the progress once it is time, and notes its token if there is anybody to tell. From
    then on, says what is waited for."""
    await asyncio.sleep(PROGRESS_AFTER)
    progress = ls.work_done_progress
    window = ls.client_capabilities.window
    if token is None:
        if not unasked or window is None or not window.work_done_progress:
            return
        token = str(uuid4())
        await progress.create_async(token)  # pyright: ignore[reportUnknownMemberType]
    stage = ls.session.runners.stage
    begin = types.WorkDoneProgressBegin(title=title, cancellable=True, message=stage)
    progress.begin(token, begin)
    told.append(token)
    _tokens(ls)[token].add_done_callback(cancel)
    while stage is not None:
        await asyncio.sleep(_LOOK_SECONDS)
        before, stage = stage, ls.session.runners.stage
        if stage != before:
            # An empty text takes the one before away; none would leave it.
            progress.report(token, types.WorkDoneProgressReport(message=stage or ""))


def _tokens(ls: Server) -> dict[str | int, Future[Any]]:
    """What pygls cancels when the client cancels by the token."""
    return ls.work_done_progress.tokens  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
