"""Queries on batches as a whole. Each takes the connection of an open transaction; no business rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, exists, func, insert, select, update

from app.domain.states import DesiredState, ItemState, JobState, Rank
from app.store.database import Row
from app.store.queries.ownership import is_own, new_owner
from app.store.queries.transcriptions import next_revision
from app.store.tables import batch_items, batch_totals, batches, client_requests, transcriptions

_items = batch_items.c
_rows = transcriptions.c
_visible = batches.c.wish != DesiredState.DELETE


def add(connection: Connection, values: Mapping[str, Any]) -> None:
    connection.execute(insert(batches).values(owner=new_owner(), **values, revision=next_revision(connection)))


def find(connection: Connection, id: str) -> Row | None:
    query = select(batches).where(batches.c.id == id, _visible, is_own(batches))
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else dict(row)


def watching(connection: Connection, folder: str) -> Row | None:
    """Return the batch of a watched folder; the newest if there are several."""
    query = select(batches).where(batches.c.folder == folder, _visible, is_own(batches))
    row = connection.execute(query.order_by(batches.c.created_at.desc()).limit(1)).mappings().first()
    return None if row is None else dict(row)


def newest(connection: Connection, limit: int, offset: int) -> list[Row]:
    query = select(batches).where(_visible, is_own(batches)).order_by(batches.c.created_at.desc(), batches.c.id)
    return [dict(row) for row in connection.execute(query.limit(limit).offset(offset)).mappings()]


def count(connection: Connection) -> int:
    return connection.scalar(select(func.count()).select_from(batches).where(_visible, is_own(batches))) or 0


def names_like(connection: Connection, name: str) -> set[str]:
    """Return the names of batches that begin with `name`."""
    query = select(batches.c.name).where(batches.c.name.startswith(name, autoescape=True), _visible, is_own(batches))
    return set(connection.scalars(query))


def of_transcriptions(connection: Connection, ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return id and name of the batch of each transcription that belongs to one."""
    query = (
        select(_items.transcription_id, batches.c.id, batches.c.name)
        .join(batches, batches.c.id == _items.batch_id)
        .where(_items.transcription_id.in_(ids), _visible)
    )
    return {transcription: (id, name) for transcription, id, name in connection.execute(query)}


def newest_ids(connection: Connection, limit: int) -> set[str]:
    query = select(batches.c.id).where(_visible, is_own(batches)).order_by(batches.c.created_at.desc(), batches.c.id)
    return set(connection.scalars(query.limit(limit)))


def among(connection: Connection, ids: Sequence[str]) -> set[str]:
    """Return those of `ids` that still exist."""
    return set(connection.scalars(select(batches.c.id).where(batches.c.id.in_(ids), _visible, is_own(batches))))


def changed_since(connection: Connection, revision: int, limit: int, after: str = "") -> list[Row]:
    """Return at most `limit` batches with a later revision, oldest change first.

    With `after`, an id, also those of the same revision that follow it.
    """
    is_later = batches.c.revision > revision
    if after:
        is_later |= (batches.c.revision == revision) & (batches.c.id > after)
    query = select(batches).where(is_later, _visible, is_own(batches)).order_by(batches.c.revision, batches.c.id)
    return [dict(row) for row in connection.execute(query.limit(limit)).mappings()]


def being_deleted(connection: Connection) -> list[str]:
    return list(connection.scalars(select(batches.c.id).where(batches.c.wish == DesiredState.DELETE)))


def empty_batches(connection: Connection, before: datetime) -> list[str]:
    """Return batches created before then whose recordings are all gone, except those of watched folders."""
    has_items = exists().where(_items.batch_id == batches.c.id)
    query = select(batches.c.id).where(batches.c.created_at < before, batches.c.folder.is_(None), ~has_items)
    return list(connection.scalars(query))


def totals(connection: Connection, ids: Sequence[str]) -> dict[str, list[Row]]:
    """Return the totals per state of each batch, excluding the trash."""
    query = select(batch_totals).where(
        batch_totals.c.batch_id.in_(ids),
        batch_totals.c.count > 0,
        batch_totals.c.state != ItemState.REMOVED,
    )
    found: dict[str, list[Row]] = {id: [] for id in ids}
    for row in connection.execute(query).mappings():
        found[row["batch_id"]].append(dict(row))
    return found


def wish(connection: Connection, id: str, wished: DesiredState) -> None:
    """Store the desired state of the batch, and rank its jobs accordingly."""
    query = update(batches).where(batches.c.id == id)
    connection.execute(query.values(wish=wished, revision=next_revision(connection)))
    mine = select(_items.transcription_id).where(
        _items.batch_id == id, _items.state.in_((ItemState.QUEUED, ItemState.RUNNING))
    )
    rank = Rank.BATCH if wished is DesiredState.WORK else Rank.HELD
    connection.execute(update(transcriptions).where(_rows.id.in_(mine), _rows.rank != rank).values(rank=rank))


def set_options(connection: Connection, id: str, options: Mapping[str, Any]) -> None:
    """Use these options for new recordings."""
    connection.execute(update(batches).where(batches.c.id == id).values(options=options))


def cancel_untouched(connection: Connection, id: str, values: Mapping[str, Any], *, spare_shared: bool = False) -> None:
    """End waiting jobs that no worker has ever started, setting `values`, in one statement.

    `spare_shared` spares those that another batch refers to.
    """
    query = update(transcriptions).where(_rows.id.in_(_of(id, ItemState.QUEUED)), _rows.attempts == 0)
    if spare_shared:
        query = query.where(~_other_batch_leads_to(_rows.id, id))
    connection.execute(query.values(**values, revision=next_revision(connection)))


def stop_running(connection: Connection, id: str) -> None:
    """Ask the workers to end the running jobs."""
    connection.execute(
        update(transcriptions)
        .where(_rows.id.in_(_of(id, ItemState.RUNNING)))
        .values(cancel_requested=True, revision=next_revision(connection))
    )


def queue_again(connection: Connection, id: str, values: Mapping[str, Any]) -> int:
    """Queue failed and cancelled jobs again, in list order; return how many."""
    base = next_revision(connection)
    query = (
        update(transcriptions)
        .where(
            _items.transcription_id == _rows.id,
            _items.batch_id == id,
            _items.state.in_((ItemState.FAILED, ItemState.CANCELLED)),
            _rows.deleted_at.is_(None),
            _rows.state.in_((JobState.FAILED, JobState.CANCELLED)),
        )
        .values(**values, rank=Rank.BATCH, queue_order=base + _items.position, revision=base)
    )
    return connection.execute(query).rowcount


def keep_going(connection: Connection, id: str) -> int:
    """Let jobs that were asked to end, but are still running, continue; return how many."""
    query = (
        update(transcriptions)
        .where(
            _items.transcription_id == _rows.id,
            _items.batch_id == id,
            _rows.state == JobState.RUNNING,
            _rows.cancel_requested.is_(True),
            _rows.delete_requested.is_(False),
        )
        .values(cancel_requested=False, revision=next_revision(connection))
    )
    return connection.execute(query).rowcount


def order_queue(connection: Connection, id: str) -> None:
    """Reorder the waiting jobs to list order, within the queue positions they already occupy."""
    query = (
        select(_rows.id, _rows.queue_order)
        .join(batch_items, _items.transcription_id == _rows.id)
        .where(_items.batch_id == id, _items.state == ItemState.QUEUED)
        .order_by(_items.position)
    )
    waiting = connection.execute(query).all()
    places = sorted(order for _, order in waiting)
    for (job, order), place in zip(waiting, places, strict=True):
        if order != place:
            connection.execute(update(transcriptions).where(_rows.id == job).values(queue_order=place))
    touch(connection, id)


def touch(connection: Connection, id: str) -> None:
    """Increment the revision of the batch, so that open pages are notified."""
    query = update(batches).where(batches.c.id == id)
    connection.execute(query.values(revision=next_revision(connection)))


def transcriptions_of(connection: Connection, id: str, limit: int) -> list[str]:
    """Return some of the visible transcriptions that no other batch refers to."""
    query = select(_items.transcription_id).where(
        _items.batch_id == id,
        _items.transcription_id.is_not(None),
        _items.state != ItemState.REMOVED,
        ~_other_batch_leads_to(_items.transcription_id, id),
    )
    return [found for found in connection.scalars(query.limit(limit)) if found]


def remove(connection: Connection, id: str) -> None:
    """Remove the batch and its items; remaining transcriptions are no longer held back."""
    mine = select(_items.transcription_id).where(_items.batch_id == id)
    held = update(transcriptions).where(_rows.id.in_(mine), _rows.rank == Rank.HELD)
    connection.execute(held.values(rank=Rank.BATCH))
    connection.execute(delete(batch_items).where(_items.batch_id == id))
    connection.execute(delete(batch_totals).where(batch_totals.c.batch_id == id))
    connection.execute(delete(batches).where(batches.c.id == id))


def with_same_content(connection: Connection, sha256: str, but: str) -> list[Row]:
    """Return transcriptions of the same content that have, or will have, a text and stay; newest first."""
    query = select(_rows.id, _rows.options, _rows.state, _rows.model).where(
        _rows.sha256 == sha256,
        _rows.id != but,
        is_own(),
        _rows.state.in_((JobState.QUEUED, JobState.RUNNING, JobState.SUCCEEDED)),
        _rows.deleted_at.is_(None),
        _rows.delete_requested.is_(False),
        ~exists().where(client_requests.c.transcription_id == _rows.id, client_requests.c.is_kept.is_(False)),
    )
    return [dict(row) for row in connection.execute(query.order_by(_rows.number.desc()).limit(50)).mappings()]


def rank(connection: Connection, transcription_id: str, ranked: Rank) -> None:
    connection.execute(update(transcriptions).where(_rows.id == transcription_id).values(rank=ranked))


def _other_batch_leads_to(transcription: ColumnElement[Any], id: str) -> ColumnElement[bool]:
    others = batch_items.alias()
    return exists().where(others.c.duplicate_of == transcription, others.c.batch_id != id)


def _of(id: str, state: ItemState) -> Any:
    return select(_items.transcription_id).where(_items.batch_id == id, _items.state == state)
