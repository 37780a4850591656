"""Server-sent events: a stream that is kept alive, and that ends by itself when the server stops."""

from __future__ import annotations

from collections.abc import AsyncIterator

import anyio
from sse_starlette import EventSourceResponse, ServerSentEvent

POLL_SECONDS = 0.4
PING_SECONDS = 15
RETRY_MS = 2000  # after which a browser connects again
GOODBYE_SECONDS = 2.0  # a stream gets this long to end by itself when the server stops


def stream(events: AsyncIterator[ServerSentEvent], stopping: anyio.Event) -> EventSourceResponse:
    """Return the answer that sends `events`; `stopping` is set when they should end."""
    return EventSourceResponse(
        events,
        ping=PING_SECONDS,
        ping_message_factory=lambda: ServerSentEvent(comment="ping"),
        shutdown_event=stopping,
        shutdown_grace_period=GOODBYE_SECONDS,
    )


async def stopped(stopping: anyio.Event) -> bool:
    """Wait until it is time to ask again; return whether the server stops meanwhile."""
    with anyio.move_on_after(POLL_SECONDS):
        await stopping.wait()
    return stopping.is_set()
