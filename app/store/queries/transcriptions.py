"""Queries on transcriptions. Each takes the connection of an open transaction; no queueing rules.

Every change of a row gets the next revision, in the same transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    CursorResult,
    Select,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)

from app.domain.people import current_actor
from app.domain.states import JobState, Rank
from app.store.database import Row
from app.store.queries import diarizations, quotas, search
from app.store.queries.ownership import is_own, is_seen
from app.store.tables import deletions, revisions, segments, transcriptions

DELETIONS_KEPT = 1000
POSITIONS_TOLD = 50  # each costs an entry in every index

_visible = transcriptions.c.deleted_at.is_(None) & transcriptions.c.delete_requested.is_(False)
_waiting = (transcriptions.c.state == JobState.QUEUED) & _visible & (transcriptions.c.rank < Rank.HELD)
_in_turn = (transcriptions.c.rank, transcriptions.c.queue_order)
_names_no_model = func.coalesce(transcriptions.c.options["model"].as_string(), "") == ""


def add(connection: Connection, values: Mapping[str, Any]) -> None:
    """Add a transcription at the end of the queue."""
    revision = next_revision(connection)
    number = _free_number(connection, values["created_at"])
    actor = current_actor()
    owned = {"owner": actor.person, "api_key": actor.key}
    row = {**owned, **values, "number": number, "queue_order": revision, "revision": revision}
    connection.execute(insert(transcriptions).values(row))
    search.index_text(connection, values["id"])


def find(connection: Connection, id: str) -> Row | None:
    """Return one row with its `queue_position`; neither one being deleted is found, nor one of somebody else."""
    query = with_position().where(transcriptions.c.id == id, _visible, is_seen())
    return _one(connection.execute(query))


def of_same_recording(connection: Connection, first: str) -> list[Row]:
    """Return the transcription `first` and the later ones of its recording, oldest first."""
    same = (transcriptions.c.id == first) | (transcriptions.c.again_of == first)
    query = with_position(0).where(same, _visible, is_seen())
    return all_of(connection.execute(query.order_by(transcriptions.c.number)))


def row_of(connection: Connection, id: str) -> Row | None:
    """Return one row, even of a deleted transcription that still exists."""
    return _one(connection.execute(select(transcriptions).where(transcriptions.c.id == id)))


def changed_since(connection: Connection, revision: int, limit: int | None = None, after: str = "") -> list[Row]:
    """Return the rows with a later revision, oldest change first; at most `limit` of them.

    With `after`, an id, also those of the same revision that follow it.
    """
    is_later = transcriptions.c.revision > revision
    if after:
        is_later |= (transcriptions.c.revision == revision) & (transcriptions.c.id > after)
    query = with_position().where(is_later, _visible, is_seen())
    return all_of(connection.execute(query.order_by(transcriptions.c.revision, transcriptions.c.id).limit(limit)))


def deleted_between(connection: Connection, revision: int, until: int) -> list[str]:
    """Return the ids deleted after `revision`, up to `until`, and not restored since."""
    is_back = exists().where(transcriptions.c.id == deletions.c.transcription_id, _visible)
    query = select(deletions.c.transcription_id).where(
        deletions.c.revision > revision, deletions.c.revision <= until, ~is_back, is_own(deletions)
    )
    return list(connection.scalars(query.order_by(deletions.c.revision)))


def current_revision(connection: Connection) -> int:
    return connection.scalar(select(revisions.c.current)) or 0


def next_revision(connection: Connection) -> int:
    """Return the next revision; only for the transaction that makes the change."""
    query = update(revisions).values(current=revisions.c.current + 1).returning(revisions.c.current)
    return int(connection.scalars(query).one())


def change(connection: Connection, id: str, **values: Any) -> None:
    """Set `values`, and update the search index if the name or text changes."""
    query = update(transcriptions).where(transcriptions.c.id == id)
    connection.execute(query.values(**values, revision=next_revision(connection)))
    if not values.keys().isdisjoint(("name", "text")):
        search.index_text(connection, id)
    if "text" in values:
        diarizations.index_texts(connection, id)


def has_waiting(connection: Connection, *, naming_models: bool = True) -> bool:
    return connection.scalar(_waiting_ids(naming_models).limit(1)) is not None


def claim(
    connection: Connection, worker: str, now: datetime, *, naming_models: bool = True, **values: Any
) -> Row | None:
    """Assign the next row to `worker`, in one statement, so that no two workers get the same.

    Jobs that name a model are skipped unless `naming_models`.
    """
    oldest = _waiting_ids(naming_models).order_by(*_in_turn).limit(1).with_for_update(skip_locked=True)
    query = (
        update(transcriptions)
        .where(transcriptions.c.id == oldest.scalar_subquery())
        .values(
            **values,
            state=JobState.RUNNING,
            worker=worker,
            started_at=func.coalesce(transcriptions.c.started_at, now),
            attempts=transcriptions.c.attempts + 1,
            revision=next_revision(connection),
        )
        .returning(transcriptions)
    )
    return _one(connection.execute(query))


def update_positions(connection: Connection) -> None:
    """Mark waiting jobs as changed, because one has left the queue and their positions have moved.

    Only the first ones of a long queue: each is an event on every open page.
    """
    first = (
        select(transcriptions.c.id)
        .where(_waiting, transcriptions.c.rank == Rank.AWAITED)
        .order_by(transcriptions.c.queue_order)
        .limit(POSITIONS_TOLD)
    )
    query = update(transcriptions).where(transcriptions.c.id.in_(first))
    connection.execute(query.values(revision=current_revision(connection)))


def held(connection: Connection, id: str, worker: str) -> Row | None:
    """Return the row if `worker` still holds the job: it was neither taken away nor ended."""
    query = select(transcriptions).where(transcriptions.c.id == id, _held_by(worker))
    return _one(connection.execute(query))


def workers_with_jobs(connection: Connection) -> list[str]:
    """Return the workers that hold jobs; a live transcription runs without a worker."""
    is_held = (transcriptions.c.state == JobState.RUNNING) & transcriptions.c.worker.is_not(None)
    return [
        worker for worker in connection.scalars(select(transcriptions.c.worker).where(is_held).distinct()) if worker
    ]


def running_of(connection: Connection, worker: str) -> list[Row]:
    query = select(transcriptions).where(_held_by(worker)).order_by(transcriptions.c.queue_order)
    return all_of(connection.execute(query))


def being_deleted(connection: Connection) -> list[str]:
    """Return the ids marked for deletion that no worker holds."""
    wanted = transcriptions.c.delete_requested.is_(True) & (transcriptions.c.state != JobState.RUNNING)
    return list(connection.scalars(select(transcriptions.c.id).where(wanted)))


def is_known(connection: Connection, id: str) -> bool:
    """Return whether there is a row, even one being deleted."""
    return connection.scalar(select(transcriptions.c.id).where(transcriptions.c.id == id)) is not None


def remove(connection: Connection, id: str) -> None:
    """Remove the row, its segments and its index entry."""
    kept = (transcriptions.c[name] for name in ("number", "owner", "api_key", "created_at", "duration"))
    query = delete(transcriptions).where(transcriptions.c.id == id).returning(*kept)
    for row in all_of(connection.execute(query)):
        search.forget(connection, row["number"])
        quotas.keep_sound_of_removed(connection, row)


def recount(connection: Connection, id: str) -> None:
    """Recompute a transcription's counters from its segments in one pass: a day of audio has thousands."""
    mine = segments.c.transcription_id == id
    counters = connection.execute(select(*_counters()).where(mine)).mappings().one()
    connection.execute(update(transcriptions).where(transcriptions.c.id == id).values(**counters))


def with_position(characters: int | None = None) -> Select[Any]:
    """Select the rows, with their texts truncated to `characters`.

    `queue_position` is 1 for the next to be claimed; null unless queued, and for the recordings of a batch, which
    come after all others: their batch has its own progress.
    """
    ahead = transcriptions.alias()
    position = (
        select(func.count())
        .where(
            ahead.c.state == JobState.QUEUED,
            ahead.c.deleted_at.is_(None),
            ahead.c.delete_requested.is_(False),
            ahead.c.rank == Rank.AWAITED,
            ahead.c.queue_order <= transcriptions.c.queue_order,
            transcriptions.c.state == JobState.QUEUED,
            transcriptions.c.rank == Rank.AWAITED,
        )
        .correlate(transcriptions)
        .scalar_subquery()
    )
    columns = [_cut(column, characters) for column in transcriptions.c]
    return select(*columns, func.nullif(position, 0).label("queue_position"))


def _cut(column: Column[Any], characters: int | None) -> ColumnElement[Any]:
    if characters is None or column.name not in ("text", "text_raw"):
        return column
    return func.substr(column, 1, characters).label(column.name)


def all_of(result: CursorResult[Any]) -> list[Row]:
    return [dict(row) for row in result.mappings()]


def _held_by(worker: str) -> ColumnElement[bool]:
    return (transcriptions.c.worker == worker) & (transcriptions.c.state == JobState.RUNNING)


def _counters() -> list[ColumnElement[Any]]:
    state = segments.c.state
    finished = state != "pending"

    def total(what: ColumnElement[Any], condition: ColumnElement[bool]) -> ColumnElement[Any]:
        return func.coalesce(func.sum(what).filter(condition), 0)

    return [
        func.count().label("segments_total"),
        func.count().filter(state == "done").label("segments_done"),
        func.count().filter(state == "failed").label("segments_failed"),
        total(segments.c.covers_seconds, finished).label("seconds_done"),
        total(segments.c.seconds_worked, finished).label("seconds_worked"),
    ]


def _waiting_ids(naming_models: bool) -> Select[tuple[str]]:
    query = select(transcriptions.c.id).where(_waiting)
    return query if naming_models else query.where(_names_no_model)


def _one(result: CursorResult[Any]) -> Row | None:
    row = result.mappings().one_or_none()
    return None if row is None else dict(row)


def _free_number(connection: Connection, created_at: datetime) -> int:
    """Return the millisecond of `created_at`, or the next one not taken by another transcription."""
    number = int(created_at.timestamp() * 1000)
    while connection.scalar(select(transcriptions.c.id).where(transcriptions.c.number == number)):
        number += 1
    return number
