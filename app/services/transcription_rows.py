"""Rows of transcriptions as the services read them."""

from __future__ import annotations

from app.domain.errors.people import NotPermitted
from app.domain.errors.transcriptions import TranscriptionNotFound
from app.domain.people import current_actor
from app.domain.transcript import join_texts
from app.store.database import Connection, Row
from app.store.queries import edits, sharing, transcriptions


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


def own_row(connection: Connection, id: str) -> Row:
    """Return the row of a transcription that the current actor may change.

    Raises:
        TranscriptionNotFound
        NotPermitted: it is only shared with them.
    """
    row = found(connection, id)
    if not current_actor().owns(row["owner"]):
        raise NotPermitted
    return row


def correctable_row(connection: Connection, id: str) -> Row:
    """Return the row of a transcription whose text the current actor may correct.

    Raises:
        TranscriptionNotFound
        NotPermitted: it is shared to be read alone.
    """
    row, actor = found(connection, id), current_actor()
    if not actor.owns(row["owner"]) and not sharing.may_edit(connection, actor, id):
        raise NotPermitted
    return row


def refuse_deaf(id: str) -> None:
    """Refuse the sound of something of which only the text is shared.

    Raises:
        NotPermitted
    """
    if not current_actor().may_hear(id):
        raise NotPermitted
