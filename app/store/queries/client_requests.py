"""Queries on requests of programs that speak another product's API. Each takes the connection of an open transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, insert, or_, select

from app.domain.states import JobState
from app.store.database import Row
from app.store.queries.ownership import is_own
from app.store.queries.transcriptions import all_of
from app.store.tables import client_requests, transcriptions

_jobs, _requests = transcriptions.c, client_requests.c
_visible = and_(_jobs.deleted_at.is_(None), _jobs.delete_requested.is_(False))
_ended = _jobs.state.not_in((JobState.QUEUED, JobState.RUNNING))


def add(connection: Connection, **values: Any) -> None:
    connection.execute(insert(client_requests).values(**values))


def find(connection: Connection, id: str) -> Row | None:
    """Return the request that transcription `id` came with."""
    found = connection.execute(select(client_requests).where(_requests.transcription_id == id)).mappings().first()
    return dict(found) if found else None


def with_same_content(connection: Connection, sha256: str, since: datetime, *, is_kept: bool) -> list[Row]:
    """Return the jobs of this recording that wait, run, or have succeeded after `since`; the newest first."""
    query = _answering(since).where(_jobs.sha256 == sha256, _requests.is_kept.is_(is_kept))
    return all_of(connection.execute(query.order_by(_jobs.number.desc())))


def with_key(connection: Connection, key: str, since: datetime) -> Row | None:
    """Return the newest job of this idempotency key that waits, runs, or has succeeded after `since`."""
    query = _answering(since).where(_requests.idempotency_key == key).order_by(_jobs.number.desc()).limit(1)
    return next(iter(all_of(connection.execute(query))), None)


def waiting(connection: Connection, sources: Collection[str]) -> int:
    """Return how many jobs of these sources wait."""
    query = select(func.count()).where(_jobs.state == JobState.QUEUED, _jobs.source.in_(sources), _visible)
    return connection.scalar(query) or 0


def not_kept(connection: Connection) -> list[str]:
    """Return the ended jobs that are to be removed."""
    query = select(_jobs.id).join(client_requests).where(_requests.is_kept.is_(False), _ended, _visible)
    return list(connection.scalars(query))


def is_kept(connection: Connection, id: str) -> bool:
    """Return whether the job stays in the history; true for those of no client."""
    found = connection.scalar(select(_requests.is_kept).where(_requests.transcription_id == id))
    return found is not False


def statuses(connection: Connection, ids: Sequence[str]) -> dict[str, tuple[str | None, int]]:
    """Return the state and the number of settled segments of those jobs that still exist."""
    settled = _jobs.segments_done + _jobs.segments_failed
    query = select(_jobs.id, _jobs.state, settled).where(_jobs.id.in_(ids), _visible)
    return {id: (state, count) for id, state, count in connection.execute(query)}


def _answering(since: datetime) -> Select[Any]:
    columns = (_jobs.id, _jobs.sha256, _jobs.options, _jobs.state, _jobs.model, _requests.is_kept)
    return select(*columns).join(client_requests).where(_visible, _is_answering(since), is_own())


def _is_answering(since: datetime) -> ColumnElement[bool]:
    is_living = and_(_jobs.state.in_((JobState.QUEUED, JobState.RUNNING)), _jobs.cancel_requested.is_(False))
    has_text = and_(_jobs.state == JobState.SUCCEEDED, _jobs.finished_at > since)
    return or_(is_living, has_text)
