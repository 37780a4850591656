"""Server-sent events: a stream that is kept alive and ends when the server stops."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Protocol, TypeVar

import anyio
from sse_starlette import EventSourceResponse, ServerSentEvent
from sse_starlette.sse import AppStatus

from app.domain.people import SYSTEM, current_actor

POLL_SECONDS = 0.4
PING_SECONDS = 15
LOOKED_AT_SECONDS = 60.0
RETRY_MS = 2000  # after which a browser reconnects
GOODBYE_SECONDS = 2.0  # grace period for a stream when the server stops
CHANGES_AT_ONCE = 200  # a client that has missed thousands gets them page by page, as fast as it reads them


class Changed(Protocol):
    """Something that is told anew whenever it changes."""

    @property
    def id(self) -> str: ...

    @property
    def revision(self) -> int: ...


_Changed = TypeVar("_Changed", bound=Changed)


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a client has been told."""

    revision: int
    id: str = ""
    """The last one told of those that have this revision, where more of them may follow: one deletion moves a whole queue."""

    @property
    def whole_revision(self) -> int:
        """The newest revision of which everything has been told."""
        return self.revision - bool(self.id)

    def after(self, page: Sequence[Changed], current: int) -> Cursor:
        """Return the position after a page that was read when the newest revision was `current`."""
        return Cursor(page[-1].revision, page[-1].id) if is_full(page) else Cursor(current)


def is_full(page: Sequence[Changed]) -> bool:
    """Return whether more may have changed."""
    return len(page) >= CHANGES_AT_ONCE


def with_event_ids(page: Sequence[_Changed], reached: Cursor) -> list[tuple[_Changed, int]]:
    """Pair each change with its event id: a client that breaks off there asks again for all of the same revision."""
    following = zip_longest(page, page[1:])
    last = reached.whole_revision + 1
    return [(each, min(each.revision, (after.revision if after else last) - 1)) for each, after in following]


def position_of(last_event_id: str | None, since: int | None = None) -> int | None:
    """Return the revision after which a client wants to go on; the header of a browser that reconnects wins."""
    if last_event_id and last_event_id.isdecimal() and len(last_event_id) < 19:
        return int(last_event_id)
    return since


def stream(
    events: AsyncIterator[ServerSentEvent],
    stopping: anyio.Event,
    *,
    is_checked: bool = False,
    send_timeout: float | None = None,
) -> EventSourceResponse:
    """Return the response that sends `events`; `stopping` is set when they should end.

    Args:
        events: what is sent.
        stopping: told when the server ends.
        is_checked: whether the events end by themselves when the client may no longer hear them.
        send_timeout: seconds after which a client that takes nothing is let go.
    """
    return EventSourceResponse(
        events if is_checked or current_actor() is SYSTEM else for_a_while(events),
        send_timeout=send_timeout,
        ping=PING_SECONDS,
        ping_message_factory=lambda: ServerSentEvent(comment="ping"),
        shutdown_event=stopping,
        shutdown_grace_period=GOODBYE_SECONDS,
    )


async def for_a_while(
    events: AsyncIterator[ServerSentEvent], seconds: float = LOOKED_AT_SECONDS
) -> AsyncIterator[ServerSentEvent]:
    """Yield the events until the first one after `seconds`: a client comes again by itself, and is looked at anew.

    So a logout, or a share that was taken back, ends what an open page still hears.
    """
    end = anyio.current_time() + seconds
    async for each in events:
        if anyio.current_time() > end:
            return
        yield each


async def until_stopping() -> None:
    """Return when the server has been told to stop."""
    while not AppStatus.should_exit:  # noqa: ASYNC110 - there is no event to wait for
        await anyio.sleep(POLL_SECONDS)


async def stopped(stopping: anyio.Event) -> bool:
    """Wait for the polling interval; return whether the server is stopping."""
    with anyio.move_on_after(POLL_SECONDS):
        await stopping.wait()
    return stopping.is_set()
