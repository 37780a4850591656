"""Queries on the recordings of batches. Each takes the connection of an open transaction; no business rules."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, delete, false, func, insert, literal_column, select, update

from app.domain.errors.people import QuotaReached
from app.domain.states import ItemState
from app.store.database import Row
from app.store.queries.transcriptions import next_revision
from app.store.tables import batch_items, batches, transcriptions

PREVIEW_CHARACTERS = 200

_items = batch_items.c
_shown = _items.state != ItemState.REMOVED
_on_its_way = _items.state == literal_column("'uploading'")  # a literal, so that its partial index is used

_is_held_back = (
    (_items.state == ItemState.FAILED)
    & _items.transcription_id.is_(None)
    & (_items.error["code"].as_string() == QuotaReached.code)
)


def add(connection: Connection, batch_id: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Append items to a batch, in order."""
    last = connection.scalar(select(func.max(_items.position)).where(_items.batch_id == batch_id))
    first = 0 if last is None else last + 1
    next_revision(connection)
    values = [{**row, "batch_id": batch_id, "position": first + place} for place, row in enumerate(rows)]
    if values:
        connection.execute(insert(batch_items), values)


def find(connection: Connection, id: str) -> Row | None:
    row = connection.execute(select(batch_items).where(_items.id == id)).mappings().one_or_none()
    return None if row is None else dict(row)


def among(connection: Connection, batch_id: str, ids: Sequence[str]) -> list[Row]:
    """Return those of `ids` that are shown in the batch, in its order."""
    query = select(batch_items).where(_items.id.in_(ids), _items.batch_id == batch_id, _shown)
    return [dict(row) for row in connection.execute(query.order_by(_items.position)).mappings()]


def named(connection: Connection, batch_id: str, name: str) -> list[Row]:
    """Return the items with this name, oldest first."""
    query = select(batch_items).where(_items.batch_id == batch_id, _items.name == name)
    rows = [dict(row) for row in connection.execute(query).mappings()]
    return sorted(rows, key=lambda row: row["position"])  # with ORDER BY, SQLite would read the whole batch


def change(connection: Connection, id: str, **values: Any) -> None:
    """Set `values` and increment the revision."""
    next_revision(connection)
    connection.execute(update(batch_items).where(_items.id == id).values(**values))


def receive(connection: Connection, id: str, received_bytes: int, now: datetime, fence: int | None = None) -> bool:
    """Store how much of an upload is on disk, without an event per chunk; return whether it was this writer's turn."""
    query = update(batch_items).where(_items.id == id, _items.state == ItemState.UPLOADING)
    if fence is not None:
        query = query.where(_items.fence == fence)
    return connection.execute(query.values(received_bytes=received_bytes, updated_at=now)).rowcount == 1


def take_over(connection: Connection, id: str, received_bytes: int) -> int | None:
    """Let a new writer go on after so many bytes, alone; return its fence. None if the row counts others."""
    query = update(batch_items).where(_items.id == id, _items.state == ItemState.UPLOADING)
    query = query.where(_items.received_bytes == received_bytes)
    fence: int | None = connection.scalar(query.values(fence=_items.fence + 1).returning(_items.fence))
    return fence


def end_uploads(connection: Connection, batch_id: str) -> list[str]:
    """Cancel incomplete uploads; return their ids."""
    next_revision(connection)
    query = update(batch_items).where(_items.batch_id == batch_id, _items.state == ItemState.UPLOADING)
    ended = query.values(state=ItemState.CANCELLED, received_bytes=0).returning(_items.id)
    return list(connection.scalars(ended))


def ready(connection: Connection, before: datetime, limit: int, *, imports: bool, watched: str | None) -> list[Row]:
    """Return what can become a transcription: uploads complete since `before`, and server-side files.

    `imports` includes files chosen on the page; `watched` those of that folder.
    """
    is_whole = _items.origin.is_(None) & (_items.received_bytes == _items.size_bytes)
    is_mine = (batches.c.folder == watched) if watched else false()
    if imports:
        is_mine |= batches.c.folder.is_(None)
    query = (
        select(batch_items)
        .join(batches, batches.c.id == _items.batch_id)
        .where(_on_its_way, (is_whole & (_items.updated_at < before)) | (_items.origin.is_not(None) & is_mine))
    )
    return [dict(row) for row in connection.execute(query.order_by(_items.position).limit(limit)).mappings()]


def abandoned(connection: Connection, before: datetime) -> list[str]:
    """Return the uploads without progress since `before`."""
    query = select(_items.id).where(_on_its_way, _items.updated_at < before, _items.origin.is_(None))
    return list(connection.scalars(query))


def is_arriving(connection: Connection, id: str) -> bool:
    query = select(_items.id).where(_items.id == id, _items.state == ItemState.UPLOADING)
    return connection.scalar(query) is not None


def keeps_upload(connection: Connection, id: str) -> bool:
    """Return whether an item's upload is still needed: it arrives, or has failed for a reason that passes."""
    query = select(_items.id).where(_items.id == id, (_items.state == ItemState.UPLOADING) | _is_held_back)
    return connection.scalar(query) is not None


def arrive_again(connection: Connection, batch_id: str, now: datetime, id: str | None = None) -> int:
    """Let items, or one, that failed on their arrival for a reason that passes arrive again; return how many."""
    query = update(batch_items).where(_items.batch_id == batch_id, _is_held_back)
    query = query if id is None else query.where(_items.id == id)
    next_revision(connection)
    return connection.execute(query.values(state=ItemState.UPLOADING, error=None, updated_at=now)).rowcount


def count(connection: Connection, batch_id: str, state: ItemState | None) -> int:
    query = select(func.count()).where(_items.batch_id == batch_id, _shown)
    return connection.scalar(_in_state(query, state)) or 0


def page(connection: Connection, batch_id: str, state: ItemState | None, limit: int, offset: int) -> list[Row]:
    """Return one page of the list, with the beginning of each text.

    Skipping far into the list only reads an index: full rows are read for the page only.
    """
    ids = _in_state(select(_items.id).where(_items.batch_id == batch_id, _shown), state)
    wanted = ids.order_by(_items.position).limit(limit).offset(offset)
    chosen = connection.scalars(wanted).all()
    return _with_texts(connection, _items.id.in_(chosen))


def positions(connection: Connection, batch_id: str, after: int, limit: int) -> list[Row]:
    """Return the items after the position `after`, with the beginning of each text."""
    query = select(_items.id).where(_items.batch_id == batch_id, _items.position > after, _shown)
    chosen = connection.scalars(query.order_by(_items.position).limit(limit)).all()
    return _with_texts(connection, _items.id.in_(chosen))


def waiting_jobs(connection: Connection, batch_id: str) -> list[str]:
    """Return the waiting transcriptions."""
    query = select(_items.transcription_id).where(_items.batch_id == batch_id, _items.state == ItemState.QUEUED)
    return [id for id in connection.scalars(query) if id]


def with_failed_segments(connection: Connection, batch_id: str) -> list[str]:
    """Return the transcriptions that failed because some of their segments did."""
    query = (
        select(_items.transcription_id)
        .join(transcriptions, transcriptions.c.id == _items.transcription_id)
        .where(
            _items.batch_id == batch_id,
            _items.state.in_((ItemState.FAILED, ItemState.CANCELLED)),
            transcriptions.c.segments_failed > 0,
        )
    )
    return [id for id in connection.scalars(query) if id]


def undelivered(connection: Connection, batch_id: str, after: int, limit: int) -> list[Row]:
    """Return finished recordings after the position `after` whose output has not been delivered."""
    ended = (ItemState.SUCCEEDED, ItemState.FAILED, ItemState.CANCELLED, ItemState.DUPLICATE)
    query = select(_items.id).where(
        _items.batch_id == batch_id, _items.state.in_(ended), _items.is_delivered.is_(False), _items.position > after
    )
    chosen = connection.scalars(query.order_by(_items.position).limit(limit)).all()
    return _with_texts(connection, _items.id.in_(chosen))


def deliver(connection: Connection, id: str) -> None:
    """Mark the output of a recording as delivered."""
    connection.execute(update(batch_items).where(_items.id == id).values(is_delivered=True))


def files_known(connection: Connection, batch_id: str) -> list[Row]:
    """Return name, size and date of every item, oldest first."""
    columns = (_items.id, _items.name, _items.size_bytes, _items.modified_ms)
    query = select(*columns).where(_items.batch_id == batch_id).order_by(_items.position)
    return [dict(row) for row in connection.execute(query).mappings()]


def ids_at(connection: Connection, batch_id: str, places: Collection[int]) -> dict[int, str]:
    """Return the items at these positions."""
    query = select(_items.position, _items.id).where(_items.batch_id == batch_id, _items.position.in_(places), _shown)
    return {row.position: row.id for row in connection.execute(query)}


def first_waiting(connection: Connection, batch_id: str) -> int | None:
    """Return the position of the first item that is neither running nor finished."""
    waiting = (ItemState.QUEUED, ItemState.UPLOADING)
    query = select(func.min(_items.position)).where(_items.batch_id == batch_id, _items.state.in_(waiting))
    position: int | None = connection.scalar(query)
    return position


def order(connection: Connection, batch_id: str) -> dict[str, int]:
    """Return the position of every item, in list order."""
    query = select(_items.id, _items.position).where(_items.batch_id == batch_id).order_by(_items.position)
    return {row.id: row.position for row in connection.execute(query)}


def place(connection: Connection, positions_by_id: Mapping[str, int]) -> None:
    for id, position in positions_by_id.items():
        connection.execute(update(batch_items).where(_items.id == id).values(position=position))


def remove(connection: Connection, id: str) -> None:
    next_revision(connection)
    connection.execute(delete(batch_items).where(_items.id == id))


def _in_state(query: Select[Any], state: ItemState | None) -> Select[Any]:
    return query if state is None else query.where(_items.state == state)


def _with_texts(connection: Connection, condition: Any) -> list[Row]:
    """Return items joined with their transcription, or with the one of the same content."""
    told, text = transcriptions.alias(), func.substr
    source = func.coalesce(_items.transcription_id, _items.duplicate_of)
    columns = (
        told.c.id.label("told_id"),
        told.c.state.label("told_state"),
        text(told.c.text, 1, PREVIEW_CHARACTERS).label("text"),
        told.c.error.label("job_error"),
        told.c.duration,
        told.c.language,
        told.c.finished_at,
    )
    query = (
        select(batch_items, *columns)
        .outerjoin(told, (told.c.id == source) & told.c.deleted_at.is_(None))
        .where(condition)
        .order_by(_items.position)
    )
    return [dict(row) for row in connection.execute(query).mappings()]
