"""Rows of transcriptions as the services read them."""

from __future__ import annotations

from app.domain.errors.transcriptions import TranscriptionNotFound
from app.domain.transcript import join_texts
from app.store.database import Connection, Row
from app.store.queries import edits, transcriptions


def found(connection: Connection, id: str) -> Row:
    """Return the row of a transcription.

    Raises:
        TranscriptionNotFound
    """
    row = transcriptions.find(connection, id)
    if row is None:
        raise TranscriptionNotFound(id=id)
    return row


def with_text(connection: Connection, row: Row) -> Row:
    """Add the text so far to a row whose job has not ended: only ended jobs have it stored."""
    if row["finished_at"] is not None:
        return row
    done = edits.read(connection, row["id"])
    return row | {name: join_texts(segment[name] for segment in done) for name in ("text", "text_raw")}
