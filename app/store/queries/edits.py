"""Queries on manual edits. Each takes the connection of a transaction.

Recognised segments are never changed: an edit replaces a range of them when the text is read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from app.domain.transcript import join_texts
from app.store.database import Row
from app.store.queries import segments
from app.store.tables import edits, transcriptions


def of(connection: Connection, transcription_id: str, first: int = 0, last: int | None = None) -> list[Row]:
    """Return the edits that touch the segments from `first` to `last`, in order."""
    query = select(edits).where(edits.c.transcription_id == transcription_id, edits.c.last >= first)
    if last is not None:
        query = query.where(edits.c.first <= last)
    return [dict(row) for row in connection.execute(query.order_by(edits.c.first)).mappings()]


def of_several(connection: Connection, ids: Sequence[str]) -> Mapping[str, list[Row]]:
    """Return the edits of each transcription, in order."""
    found: dict[str, list[Row]] = {id: [] for id in ids}
    query = select(edits).where(edits.c.transcription_id.in_(ids)).order_by(edits.c.first)
    for row in connection.execute(query).mappings():
        found[row["transcription_id"]].append(dict(row))
    return found


def borders(connection: Connection, transcription_id: str, first: int, last: int) -> list[tuple[int, int]]:
    """Return the first and the last segment of each edit that touches those from `first` to `last`."""
    query = select(edits.c.first, edits.c.last).where(
        edits.c.transcription_id == transcription_id, edits.c.last >= first, edits.c.first <= last
    )
    return [(row.first, row.last) for row in connection.execute(query)]


def replace(
    connection: Connection,
    transcription_id: str,
    first: int,
    last: int,
    pieces: list[dict[str, Any]],
    now: datetime,
) -> None:
    """Replace the segments from `first` to `last` by `pieces`; without any, restore the recognised text."""
    inside = (edits.c.first >= first) & (edits.c.last <= last)
    connection.execute(delete(edits).where(edits.c.transcription_id == transcription_id, inside))
    if pieces:
        row = {"first": first, "last": last, "pieces": pieces, "edited_at": now}
        connection.execute(insert(edits).values(transcription_id=transcription_id, **row))


def clear(connection: Connection, transcription_id: str) -> None:
    connection.execute(delete(edits).where(edits.c.transcription_id == transcription_id))


def count_change(connection: Connection, transcription_id: str) -> int:
    """Increment the revision of the edited text, and return it."""
    query = (
        update(transcriptions)
        .where(transcriptions.c.id == transcription_id)
        .values(edit_revision=transcriptions.c.edit_revision + 1)
        .returning(transcriptions.c.edit_revision)
    )
    return int(connection.scalars(query).one())


def read(connection: Connection, transcription_id: str) -> list[Row]:
    """Return the segments without words, with edits applied.

    The first segment of an edit has all of its text, the others have none.
    """
    rows = segments.of(connection, transcription_id)
    texts: dict[int, str] = {}
    for edit in of(connection, transcription_id):
        texts |= dict.fromkeys(range(edit["first"], edit["last"] + 1), "")
        texts[edit["first"]] = join_texts(piece["text"] for piece in edit["pieces"])
    return [row | {"text": texts.get(row["index"], row["text"])} for row in rows]
