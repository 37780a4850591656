"""REST: read along with a live session, from its beginning to its end, by server-sent events.

The id of an event says up to which segment everything was told, so that whoever connects again misses nothing. Finals
and partials come from the session itself where it runs in this process; the rest is looked up now and then.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import anyio
from fastapi import Header, Path, Query, Request
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.requests import HTTPConnection

from app.domain.errors.base import AppError
from app.domain.errors.live import LiveSessionUnknown
from app.domain.errors.requests import InvalidParameter
from app.domain.errors.transcriptions import TranscriptionNotFound
from app.domain.people import SYSTEM, acting_as, current_actor
from app.services.live.events import Partial
from app.services.live.reading_along import Line, ReadSession, lines_from, read_session
from app.web.dependencies import ServicesDep
from app.web.middleware.login import actor_of
from app.web.openapi import Responses, content, errors
from app.web.pools import FILES
from app.web.routers import ApiRouter
from app.web.sse import RETRY_MS, position_of, stream

if TYPE_CHECKING:
    from app.services.live.audience import Unread
    from app.web.services import Services

router = ApiRouter(prefix="/live", tags=["live"], default_response_class=EventSourceResponse)

LOOK_SECONDS = 2.0  # without news, after which the database is asked
PACE_SECONDS = 0.2  # between two deliveries: nobody reads faster
ALLOWED_SECONDS = 10.0  # between two looks whether the reader may still read
SEND_SECONDS = 20.0  # a reader whose connection takes nothing for so long is let go, and catches up later

EXAMPLE = (
    'id: 3\nevent: final\ndata: {"segment": 2, "start": 4.1, "end": 6.0, "channel": null, "text": "今天天气很好。"}\n\n'
)
STREAM: Responses = content(
    200,
    "A stream of events: `session`, then `final` for each finished segment, `partial` for one that is being said (an empty "
    "`text` takes it back), `ended`. The id is the number of the first segment that may be missing.",
    {"text/event-stream": EXAMPLE},
)
LiveId = Annotated[
    str, Path(max_length=100, description="Id of the session or of its transcription.", examples=["01jd9x3v6t8q"])
]


@router.get(
    "/{id}/events",
    response_class=EventSourceResponse,
    responses=STREAM | errors(LiveSessionUnknown, TranscriptionNotFound, InvalidParameter),
)
async def live_session_events(
    request: Request,
    id: LiveId,
    services: ServicesDep,
    since: Annotated[int | None, Query(ge=0, lt=2**31, description="Segment from which to begin.")] = None,
    last_event_id: Annotated[str | None, Header(description="Sent by browsers that connect again.")] = None,
) -> EventSourceResponse:
    """Read along with a live session, whoever speaks. Who comes late gets what was said before; after its end, all of it."""
    session = await FILES.run(read_session, services.queue, id)
    stopping = anyio.Event()
    following = Following(services, request, session, position_of(last_event_id, since) or 0, stopping)
    return stream(following.events(), stopping, is_checked=True, send_timeout=SEND_SECONDS)


class Following:
    """One reader of one session."""

    def __init__(
        self, services: Services, connection: HTTPConnection, session: ReadSession, first: int, stopping: anyio.Event
    ) -> None:
        self._services = services
        self._connection = connection
        self._session = session
        self._stopping = stopping
        self._first = first  # everything before was told
        self._told: set[int] = set()
        self._looked_at = -LOOK_SECONDS
        self._allowed_at = anyio.current_time()

    async def events(self) -> AsyncIterator[ServerSentEvent]:
        """Yield what the reader is told until the session has ended, or they may no longer read."""
        loop, news = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            with suppress(RuntimeError):  # the server has stopped
                loop.call_soon_threadsafe(news.set)

        with self._services.live.audience.reading(self._session.transcription, wake) as reader:
            yield self._about()
            while True:
                unread = reader.take()
                news.clear()
                async for each in self._told_of(unread):
                    yield each
                if self._session.is_whole:
                    yield ServerSentEvent(event="ended", data="{}")
                    return
                if not await self._wait(news) or not await self._is_allowed():
                    return

    def _about(self) -> ServerSentEvent:
        session = self._session
        about = {
            "transcription": session.transcription,
            "name": session.name,
            "channel_names": list(session.channel_names),
            "is_open": session.is_open,
        }
        return ServerSentEvent(event="session", data=_json(about), retry=RETRY_MS)

    async def _told_of(self, unread: Unread) -> AsyncIterator[ServerSentEvent]:
        for final in unread.finals:
            segment = final.segment
            line = Line(segment.index, segment.start, segment.end, segment.channel, segment.text)
            if event := self._final(line):
                yield event
        is_late = anyio.current_time() - self._looked_at > LOOK_SECONDS
        if unread.has_missed or unread.is_over or is_late:
            for line in await self._look():
                if event := self._final(line):
                    yield event
        for channel, text in unread.partials.items():
            yield _partial(channel, text)

    async def _look(self) -> list[Line]:
        """Ask the database how the session is, and for lines that were not told."""
        queue = self._services.queue
        try:
            self._session = await FILES.run(read_session, queue, self._session.transcription)
            lines = await FILES.run(lines_from, queue.database, self._session.transcription, self._first)
        except AppError:  # deleted, or the database is busy: the next look tells
            lines = []
        self._looked_at = anyio.current_time()
        return lines

    def _final(self, line: Line) -> ServerSentEvent | None:
        """Return the event of a line that was not told yet."""
        if line.segment < self._first or line.segment in self._told:
            return None
        self._told.add(line.segment)
        while self._first in self._told:
            self._told.remove(self._first)
            self._first += 1
        return ServerSentEvent(event="final", id=str(self._first), data=_json(_rounded(line)))

    async def _wait(self, news: asyncio.Event) -> bool:
        """Wait for news, or until the database is to be asked; return False if the server stops."""
        with anyio.move_on_after(PACE_SECONDS):
            await self._stopping.wait()
        with anyio.move_on_after(LOOK_SECONDS):
            await news.wait()
        return not self._stopping.is_set()

    async def _is_allowed(self) -> bool:
        """Return whether the reader may go on: a link can be taken back, a person logged out."""
        now = anyio.current_time()
        if current_actor() is SYSTEM or now - self._allowed_at < ALLOWED_SECONDS:
            return True
        self._allowed_at = now
        try:
            actor = await actor_of(self._services, self._connection)
            with acting_as(actor):
                await FILES.run(partial(self._services.queue.get, self._session.transcription))
        except AppError:
            return False
        return True


def _partial(channel: int | None, told: Partial | None) -> ServerSentEvent:
    known = {"segment": told.segment, "start": round(told.start, 3), "stable": told.stable} if told else {}
    return ServerSentEvent(
        event="partial", data=_json({"channel": channel, "text": told.text if told else "", **known})
    )


def _rounded(line: Line) -> dict[str, Any]:
    return asdict(line) | {"start": round(line.start, 3), "end": round(line.end, 3)}


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)
