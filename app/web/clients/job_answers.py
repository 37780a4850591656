"""Answers a program when its job has ended, and keeps the connection alive meanwhile.

Who goes away costs nothing: the job goes on, and the same request later gets its text.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.responses import Response

from app.domain.errors.base import AppError
from app.domain.errors.clients import TranscriptionCancelled
from app.domain.errors.transcriptions import TranscriptionNotFound
from app.domain.states import JobState
from app.domain.transcript import Transcript
from app.logging import event
from app.services.clients.following import JobChanges
from app.services.transcriptions.job_queue import Queue
from app.web.clients.errors import JobFailed
from app.web.clients.waiting import Follower, following

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """What is sent while a job takes long, so that neither a client nor a proxy takes the connection for dead."""

    quiet_seconds: float = 30.0
    """Until then an answer has its true status; after it, the status is 200 whatever comes."""
    space_seconds: float = 10.0
    """Between two spaces before a JSON text."""
    comment_seconds: float = 10.0
    """Between two comments of an event stream."""


PACE = Pace()


@dataclass(frozen=True, slots=True)
class Body:
    """A finished answer."""

    content: bytes
    media_type: str
    headers: Mapping[str, str]


class JobAnswer(Response):
    """Waits for a job; then `finish` writes the answer, in a thread."""

    def __init__(
        self,
        changes: JobChanges,
        id: str,
        finish: Callable[[], Body],
        early_headers: Mapping[str, str] | None = None,
    ) -> None:
        """`early_headers` are those of an answer that begins before its end; None: spaces would spoil this one."""
        super().__init__()
        self._changes = changes
        self._id = id
        self._finish = finish
        self._early_headers = early_headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.ensure_future(_client_gone(receive))
        answering = asyncio.ensure_future(self._answer(scope, receive, send))
        try:
            await asyncio.wait((gone, answering), return_when=asyncio.FIRST_COMPLETED)
            if answering.done():
                answering.result()
            else:
                event(_log, logging.INFO, "client_went_away", job=self._id)
        finally:
            await _end(gone, answering)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with following(self._changes, self._id) as follower:
            if await self._has_ended_soon(follower):
                body = await run_in_threadpool(self._finish)
                response = Response(body.content, media_type=body.media_type, headers=dict(body.headers))
                await response(scope, receive, send)
            else:
                await self._answer_late(follower, send)

    async def _has_ended_soon(self, follower: Follower) -> bool:
        """Wait for the end; return false if this answer has to begin before."""
        with anyio.move_on_after(None if self._early_headers is None else PACE.quiet_seconds):
            await follower.ended()
            return True
        return False

    async def _answer_late(self, follower: Follower, send: Send) -> None:
        """Send spaces until the job has ended. After a failure the body has no end, so that the client repeats."""
        headers = MutableHeaders(dict(self._early_headers or {}))
        await send({"type": "http.response.start", "status": 200, "headers": headers.raw})
        try:
            while not await _has_ended_within(follower, PACE.space_seconds):
                await send({"type": "http.response.body", "body": b" ", "more_body": True})
            body = await run_in_threadpool(self._finish)
        except AppError as error:
            event(_log, logging.WARNING, "late_answer_failed", job=self._id, code=error.code)
            return
        await send({"type": "http.response.body", "body": body.content, "more_body": False})


def ended_transcript(queue: Queue, id: str) -> Transcript:
    """Return the text of a job that has succeeded.

    Raises:
        TranscriptionCancelled: it was cancelled or deleted.
        JobFailed: why it has no text.
    """
    try:
        record = queue.get(id)
    except TranscriptionNotFound:
        raise TranscriptionCancelled from None
    if record.state is JobState.FAILED and record.error is not None:
        raise JobFailed(record.error)
    if record.state is not JobState.SUCCEEDED:
        raise TranscriptionCancelled
    return queue.transcript(id)


async def _has_ended_within(follower: Follower, seconds: float) -> bool:
    with anyio.move_on_after(seconds):
        await follower.ended()
        return True
    return False


async def _client_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _end(*tasks: asyncio.Future[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
