"""Server-sent events: a stream that is kept alive and ends when the server stops."""

from __future__ import annotations

from collections.abc import AsyncIterator

import anyio
from sse_starlette import EventSourceResponse, ServerSentEvent

POLL_SECONDS = 0.4
PING_SECONDS = 15
RETRY_MS = 2000  # after which a browser reconnects
GOODBYE_SECONDS = 2.0  # grace period for a stream when the server stops


def stream(events: AsyncIterator[ServerSentEvent], stopping: anyio.Event) -> EventSourceResponse:
    """Return the response that sends `events`; `stopping` is set when they should end."""
    return EventSourceResponse(
        events,
        ping=PING_SECONDS,
        ping_message_factory=lambda: ServerSentEvent(comment="ping"),
        shutdown_event=stopping,
        shutdown_grace_period=GOODBYE_SECONDS,
    )


async def stopped(stopping: anyio.Event) -> bool:
    """Wait for the polling interval; return whether the server is stopping."""
    with anyio.move_on_after(POLL_SECONDS):
        await stopping.wait()
    return stopping.is_set()
