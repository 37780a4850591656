"""REST: changes as they happen, by server-sent events.

The database is asked for its revision a few times a second, so that the work of another process is seen as well.
An event's id is the revision of what it tells: a browser that reconnects names the last one and misses nothing.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import anyio
from fastapi import Header, Query, Response, status
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from app.domain.errors.requests import InvalidParameter
from app.domain.errors.transcriptions import TranscriptionNotFound
from app.domain.states import JobState
from app.web.answers.transcriptions import item_answer
from app.web.dependencies import QueueDep, TranscriptionId, TranslateDep
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
    from app.domain.transcription import Transcription
    from app.i18n import Translate
    from app.services.transcriptions.job_queue import Queue

router = ApiRouter(prefix="/transcriptions", tags=["transcriptions"], default_response_class=EventSourceResponse)

FIRST_ITEMS = 50  # of the newest, for a client that names no position
FINAL_STATES = (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)

EXAMPLE = 'id: 1284\nevent: transcription\ndata: {"id": "01jd9x3v6t8q", "state": "running", "revision": 1284}\n\n'
STREAM: Responses = content(
    200,
    'A stream of events: `transcription` with an item as in lists, `deleted` with `{"id"}`; '
    "the id of each is a revision.",
    {"text/event-stream": EXAMPLE},
)
Position = Annotated[
    int | None,
    Query(ge=0, lt=2**63, description="Revision after which to begin; the header Last-Event-ID wins."),
]
LastEventId = Annotated[str | None, Header(description="Sent by browsers that connect again.", examples=["1284"])]


@router.get("/events", response_class=EventSourceResponse, responses=STREAM | errors(InvalidParameter))
async def all_events(
    queue: QueueDep, translate: TranslateDep, since: Position = None, last_event_id: LastEventId = None
) -> EventSourceResponse:
    """Follow every transcription. Without a position the stream begins with the newest as they are now."""
    stopping = anyio.Event()
    position = position_of(last_event_id, since)
    return stream(_all_changes(queue, translate, position, stopping), stopping)


@router.get(
    "/{id}/events",
    response_class=EventSourceResponse,
    responses=STREAM
    | {204: {"description": "It has ended and the client has seen how: there is nothing more to come."}}
    | errors(TranscriptionNotFound),
)
async def events_of_one(
    id: TranscriptionId, queue: QueueDep, translate: TranslateDep, last_event_id: LastEventId = None
) -> Response:
    """Follow one transcription, from how it is now until it has ended or is deleted."""
    record = await run_in_threadpool(queue.get, id)
    if record.state in FINAL_STATES and position_of(last_event_id) == record.revision:
        return Response(status_code=status.HTTP_204_NO_CONTENT)
    stopping = anyio.Event()
    return stream(_changes_of_one(queue, record, translate, stopping), stopping)


@dataclass(frozen=True, slots=True)
class Changes:
    """What happened up to a position, the oldest change first."""

    position: Cursor
    records: list[Transcription]
    deleted: list[str]


async def _all_changes(
    queue: Queue, translate: Translate, position: int | None, stopping: anyio.Event
) -> AsyncIterator[ServerSentEvent]:
    yield ServerSentEvent(retry=RETRY_MS, comment="changes of all transcriptions")
    changes = await run_in_threadpool(_beginning, queue, position)
    while True:
        for record, event_id in with_event_ids(changes.records, changes.position):
            yield _event(record, translate, event_id)
        for id in changes.deleted:
            yield _deleted(id, changes.position.whole_revision)
        if stopping.is_set() if is_full(changes.records) else await stopped(stopping):
            return
        changes = await run_in_threadpool(changes_after, queue, changes.position)


async def _changes_of_one(
    queue: Queue, record: Transcription, translate: Translate, stopping: anyio.Event
) -> AsyncIterator[ServerSentEvent]:
    yield ServerSentEvent(retry=RETRY_MS, comment="changes of one transcription")
    yield _event(record, translate)
    while record.state not in FINAL_STATES and not await stopped(stopping):
        try:
            latest = await run_in_threadpool(queue.get, record.id)
        except TranscriptionNotFound:
            yield _deleted(record.id)
            return
        if latest.revision != record.revision:
            yield _event(latest, translate)
        record = latest


def _beginning(queue: Queue, position: int | None) -> Changes:
    """Return what to tell first. A position from the future belongs to another database: it counts as none."""
    current = queue.revision()
    if position is not None and position <= current:
        return changes_after(queue, Cursor(position))
    newest = queue.search(limit=FIRST_ITEMS).items
    return Changes(Cursor(current), sorted(newest, key=lambda record: record.revision), [])


def changes_after(queue: Queue, seen: Cursor) -> Changes:
    """Return what is newer than `seen`, CHANGES_AT_ONCE at most.

    What changes while this is read may come twice, but never not at all.
    """
    current = queue.revision()
    if current <= seen.whole_revision:
        return Changes(seen, [], [])
    records = queue.changed_since(seen.revision, CHANGES_AT_ONCE, after=seen.id)
    position = seen.after(records, current)
    return Changes(position, records, queue.deleted_between(seen.whole_revision, position.whole_revision))


def _event(record: Transcription, translate: Translate, position: int | None = None) -> ServerSentEvent:
    data = item_answer(record, translate).model_dump_json()
    return ServerSentEvent(data, event="transcription", id=str(record.revision if position is None else position))


def _deleted(id: str, revision: int | None = None) -> ServerSentEvent:
    position = None if revision is None else str(revision)
    return ServerSentEvent(json.dumps({"id": id}), event="deleted", id=position)
