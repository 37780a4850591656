"""Queries on webhooks and their deliveries. Each takes the connection of an open transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, delete, func, insert, select, update

from app.domain.states import ItemState
from app.domain.webhooks import DeliveryState
from app.store.database import Row
from app.store.tables import (
    batch_items,
    batch_totals,
    webhook_deliveries,
    webhook_notes,
    webhook_requests,
    webhooks,
)

_deliveries = webhook_deliveries.c
_UNFINISHED = (ItemState.UPLOADING, ItemState.QUEUED, ItemState.RUNNING)


# Receivers


def everything(connection: Connection) -> list[Row]:
    """Return the webhooks, oldest first."""
    return _all(connection, select(webhooks).order_by(webhooks.c.created_at))


def count(connection: Connection) -> int:
    return connection.scalar(select(func.count()).select_from(webhooks)) or 0


def find(connection: Connection, id: str) -> Row | None:
    return next(iter(_all(connection, select(webhooks).where(webhooks.c.id == id))), None)


def add(connection: Connection, **values: Any) -> None:
    connection.execute(insert(webhooks).values(**values))


def remove(connection: Connection, id: str) -> None:
    """Remove a webhook and what still waits to be sent to it."""
    connection.execute(delete(webhooks).where(webhooks.c.id == id))
    waiting = (_deliveries.webhook_id == id) & (_deliveries.state == DeliveryState.WAITING)
    connection.execute(delete(webhook_deliveries).where(waiting))


def name_receiver(connection: Connection, transcription: str, url: str) -> None:
    """Store the receiver that an upload named."""
    connection.execute(insert(webhook_requests).values(transcription_id=transcription, url=url))


def named_receivers(connection: Connection, transcriptions: Collection[str]) -> dict[str, str]:
    """Return the receivers that uploads named, by transcription."""
    requests = webhook_requests.c
    rows = connection.execute(select(webhook_requests).where(requests.transcription_id.in_(transcriptions)))
    return {row.transcription_id: row.url for row in rows}


# What happened


def notes(connection: Connection, limit: int) -> list[Row]:
    return _all(connection, select(webhook_notes).order_by(webhook_notes.c.number).limit(limit))


def has_notes(connection: Connection) -> bool:
    return connection.scalar(select(webhook_notes.c.number).limit(1)) is not None


def forget_notes(connection: Connection, numbers: Collection[int]) -> None:
    connection.execute(delete(webhook_notes).where(webhook_notes.c.number.in_(numbers)))


def batch_counts(connection: Connection, batch: str) -> dict[str, int]:
    """Return the number of items of a batch in each state."""
    totals = batch_totals.c
    query = select(totals.state, totals.count).where(totals.batch_id == batch, totals.count > 0)
    return {row.state: row[1] for row in connection.execute(query)}  # `count` is a method of a row


def is_unfinished(counts: dict[str, int]) -> bool:
    return any(state in counts for state in _UNFINISHED)


def batches_of(connection: Connection, transcriptions: Collection[str]) -> dict[str, str]:
    """Return the batches of those transcriptions that belong to one."""
    items = batch_items.c
    query = select(items.transcription_id, items.batch_id).where(items.transcription_id.in_(transcriptions))
    return {row.transcription_id: row.batch_id for row in connection.execute(query)}


# Deliveries


def add_delivery(connection: Connection, **values: Any) -> None:
    connection.execute(insert(webhook_deliveries).values(**values))


def due(connection: Connection, now: datetime, limit: int) -> list[Row]:
    """Return the deliveries whose next attempt is due, the longest overdue first."""
    query = select(webhook_deliveries).where(_deliveries.next_at <= now).order_by(_deliveries.next_at)
    return _all(connection, query.limit(limit))


def find_delivery(connection: Connection, id: str) -> Row | None:
    return next(iter(_all(connection, select(webhook_deliveries).where(_deliveries.id == id))), None)


def newest_deliveries(connection: Connection, limit: int, state: DeliveryState | None) -> list[Row]:
    query = select(webhook_deliveries).order_by(_deliveries.created_at.desc(), _deliveries.id)
    if state:
        query = query.where(_deliveries.state == state)
    return _all(connection, query.limit(limit))


def change_delivery(connection: Connection, id: str, **values: Any) -> None:
    connection.execute(update(webhook_deliveries).where(_deliveries.id == id).values(**values))


def forget_deliveries(connection: Connection, before: datetime) -> None:
    """Remove ended deliveries that were created before."""
    ended = _deliveries.state != DeliveryState.WAITING
    connection.execute(delete(webhook_deliveries).where(ended, _deliveries.created_at < before))


def _all(connection: Connection, query: Select[Any]) -> list[Row]:
    rows: Sequence[Any] = connection.execute(query).mappings().all()
    return [dict(row) for row in rows]
