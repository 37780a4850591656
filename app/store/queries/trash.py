"""Queries on the trash: hidden rows, which can be restored until they are removed for good."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, and_, delete, insert, or_, select, update

from app.domain.states import JobState
from app.store.queries.ownership import is_own
from app.store.queries.transcriptions import DELETIONS_KEPT, current_revision, next_revision
from app.store.tables import deletions, revisions, transcriptions

_rows = transcriptions.c
_in_trash = and_(_rows.deleted_at.is_not(None), _rows.delete_requested.is_(False))


def waiting_among(connection: Connection, ids: Sequence[str]) -> list[str]:
    """Return those of `ids` that are queued."""
    conditions = (_rows.id.in_(ids), _rows.state == JobState.QUEUED, _rows.deleted_at.is_(None), is_own())
    return list(connection.scalars(select(_rows.id).where(*conditions)))


def hide(connection: Connection, ids: Sequence[str], now: datetime) -> int:
    """Hide those of `ids` that are not hidden, ask their workers to stop, and record them for open pages."""
    is_shown = and_(_rows.deleted_at.is_(None), _rows.delete_requested.is_(False))
    stops = or_(_rows.cancel_requested, _rows.state == JobState.RUNNING)
    query = (
        update(transcriptions)
        .where(_rows.id.in_(ids), is_shown, is_own())
        .values(deleted_at=now, cancel_requested=stops, revision=next_revision(connection))
        .returning(_rows.id, _rows.owner)
    )
    hidden = [(id, owner) for id, owner in connection.execute(query)]
    _record_deletions(connection, hidden)
    return len(hidden)


def restore(connection: Connection, ids: Sequence[str]) -> int:
    """Restore those of `ids` that are in the trash; return how many."""
    query = update(transcriptions).where(_rows.id.in_(ids), _in_trash, is_own())
    values = {"deleted_at": None, "revision": next_revision(connection)}
    return connection.execute(query.values(values)).rowcount


def put_at(connection: Connection, moment: datetime, limit: int) -> list[str]:
    """Return some of the ids that one action trashed at `moment`."""
    query = select(_rows.id).where(_rows.deleted_at == moment, _in_trash, is_own())
    return list(connection.scalars(query.limit(limit)))


def put_before(connection: Connection, moment: datetime, limit: int) -> list[str]:
    """Return some of the ids trashed before `moment`."""
    query = select(_rows.id).where(_rows.deleted_at < moment, _in_trash, is_own())
    return list(connection.scalars(query.limit(limit)))


def give_up(connection: Connection, ids: Sequence[str]) -> tuple[int, list[str]]:
    """Mark those of `ids` in the trash for removal; return how many, and the ones that no worker holds."""
    query = update(transcriptions).where(_rows.id.in_(ids), _in_trash, is_own())
    values = {"delete_requested": True, "cancel_requested": True, "revision": next_revision(connection)}
    marked = connection.execute(query.values(values).returning(_rows.id, _rows.state)).all()
    return len(marked), [id for id, state in marked if state != JobState.RUNNING]


def _record_deletions(connection: Connection, hidden: Sequence[tuple[str, str | None]]) -> None:
    """Give each deletion its own revision, and keep the latest ones."""
    if not hidden:
        return
    first = current_revision(connection)
    last = first + len(hidden) - 1
    connection.execute(update(revisions).values(current=last))
    told = [
        {"revision": first + place, "transcription_id": id, "owner": owner} for place, (id, owner) in enumerate(hidden)
    ]
    connection.execute(insert(deletions), told[-DELETIONS_KEPT:])
    connection.execute(delete(deletions).where(deletions.c.revision <= last - DELETIONS_KEPT))
