"""Queries on who spoke when. Each takes the connection of a transaction."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, insert, select, update

from app.domain.speakers import Speakers, SpeakerTurn
from app.store.tables import diarizations


def of(connection: Connection, transcription_id: str) -> Speakers:
    """Return the speakers of a transcription; without turns if they were not told apart."""
    query = select(diarizations).where(diarizations.c.transcription_id == transcription_id)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        return Speakers()
    names = {int(number): name for number, name in row["names"].items()}
    return Speakers(tuple(SpeakerTurn.from_stored(turn) for turn in row["turns"]), names)


def replace(connection: Connection, transcription_id: str, model: str, turns: Sequence[SpeakerTurn]) -> None:
    """Store the turns that were found, instead of those that were there; names are dropped with them."""
    connection.execute(delete(diarizations).where(diarizations.c.transcription_id == transcription_id))
    values = {"model": model, "turns": [turn.to_stored() for turn in turns], "names": {}}
    connection.execute(insert(diarizations).values(transcription_id=transcription_id, **values))


def change(connection: Connection, transcription_id: str, speakers: Speakers) -> None:
    """Store what a person corrected."""
    values = {
        "turns": [turn.to_stored() for turn in speakers.turns],
        "names": {str(number): name for number, name in speakers.names.items()},
    }
    connection.execute(update(diarizations).where(diarizations.c.transcription_id == transcription_id).values(**values))
