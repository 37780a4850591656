"""REST: changes of batches as they happen, by server-sent events."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

import anyio
from fastapi import Header
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from app.domain.errors.requests import InvalidParameter
from app.web.api.batches import batch_answer
from app.web.dependencies import QueueDep, ServicesDep
from app.web.openapi import Responses, content, errors
from app.web.routers import ApiRouter
from app.web.sse import (
    CHANGES_AT_ONCE,
    RETRY_MS,
    Cursor,
    is_full,
    position_of,
    stopped,
    stream,
    with_event_ids,
)

if TYPE_CHECKING:
    from app.services.batches.batches import Batch, Batches
    from app.services.transcriptions.job_queue import Queue

router = ApiRouter(prefix="/batches", tags=["batches"])

BATCHES_FOLLOWED = 1000  # of the newest: whose deletion is told
STREAM: Responses = content(
    200,
    'A stream of events: `batch` with a batch as in lists, `deleted` with `{"id"}`; the id of each is a revision.',
    {"text/event-stream": 'id: 1284\nevent: batch\ndata: {"id": "5f0c2e9b1a44d0e1", "state": "running"}\n\n'},
)


@router.get("/events", response_class=EventSourceResponse, responses=STREAM | errors(InvalidParameter))
async def batch_events(
    queue: QueueDep,
    services: ServicesDep,
    last_event_id: Annotated[
        str | None, Header(description="Sent by browsers that connect again.", examples=["1284"])
    ] = None,
) -> EventSourceResponse:
    """Follow all batches: each one that changes is told, a few times a second at most."""
    stopping = anyio.Event()
    return stream(_changes(queue, services.batches, position_of(last_event_id), stopping), stopping)


@dataclass(frozen=True, slots=True)
class Changes:
    """What happened up to a position, the oldest change first."""

    position: Cursor
    known: set[str]
    """The newest batches, whose deletion will be told."""
    changed: list[Batch] = field(default_factory=list)
    deleted: set[str] = field(default_factory=set)


async def _changes(
    queue: Queue, batches: Batches, seen: int | None, stopping: anyio.Event
) -> AsyncIterator[ServerSentEvent]:
    yield ServerSentEvent(retry=RETRY_MS, comment="changes of all batches")
    changes = await run_in_threadpool(beginning, queue, batches, seen)
    while not (stopping.is_set() if is_full(changes.changed) else await stopped(stopping)):
        changes = await run_in_threadpool(changes_after, queue, batches, changes)
        for batch, event_id in with_event_ids(changes.changed, changes.position):
            yield ServerSentEvent(batch_answer(batch).model_dump_json(), event="batch", id=str(event_id))
        for id in changes.deleted:
            position = str(changes.position.whole_revision)
            yield ServerSentEvent(json.dumps({"id": id}), event="deleted", id=position)


def beginning(queue: Queue, batches: Batches, seen: int | None) -> Changes:
    """Return where to begin. A position from the future belongs to another database: it counts as none."""
    current = queue.revision()
    position = current if seen is None or seen > current else seen
    return Changes(Cursor(position), batches.newest_ids(BATCHES_FOLLOWED))


def changes_after(queue: Queue, batches: Batches, seen: Changes) -> Changes:
    """Return what is newer, CHANGES_AT_ONCE batches at most."""
    current = queue.revision()
    if current <= seen.position.whole_revision:
        return Changes(seen.position, seen.known)
    changed = batches.changed_since(seen.position.revision, CHANGES_AT_ONCE, after=seen.position.id)
    known = batches.newest_ids(BATCHES_FOLLOWED)
    return Changes(seen.position.after(changed, current), known, changed, batches.gone(seen.known - known))
