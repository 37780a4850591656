"""Queries on who spoke when. Each takes the connection of a transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from app.domain.speakers import Correction, Speakers, SpeakerTurn
from app.store.queries import search
from app.store.queries.voices import speaker_names
from app.store.tables import diarizations


def of(connection: Connection, transcription_id: str) -> Speakers:
    """Return the speakers of a transcription; without turns if they were not told apart."""
    return of_several(connection, [transcription_id])[transcription_id]


def of_several(connection: Connection, ids: Sequence[str]) -> Mapping[str, Speakers]:
    """Return the speakers of each transcription."""
    found = dict.fromkeys(ids, Speakers())
    rows = diarizations.c
    query = select(rows.transcription_id, rows.turns, rows.names).where(rows.transcription_id.in_(ids))
    for id, turns, named in connection.execute(query):
        names = {int(number): name for number, name in named.items()}
        found[id] = Speakers(tuple(SpeakerTurn.from_stored(turn) for turn in turns), names)
    return found


def embeddings(connection: Connection, transcription_id: str) -> bytes:
    """Return what the turns sound like; nothing where that was not kept."""
    query = select(diarizations.c.embeddings).where(_is_of(transcription_id))
    return connection.execute(query).scalar_one_or_none() or b""


def corrections(connection: Connection, transcription_id: str) -> tuple[Correction, ...]:
    """Return what can be taken back, the latest correction last."""
    query = select(diarizations.c.corrections).where(_is_of(transcription_id))
    return tuple(map(Correction.from_stored, connection.execute(query).scalar_one_or_none() or ()))


def model(connection: Connection, transcription_id: str) -> str:
    """Return the name of the model that heard the voices; nothing if none did."""
    query = select(diarizations.c.model).where(_is_of(transcription_id))
    return connection.execute(query).scalar_one_or_none() or ""


def replace(
    connection: Connection, transcription_id: str, model: str, turns: Sequence[SpeakerTurn], embeddings: bytes = b""
) -> None:
    """Store the turns that were found, instead of those that were there; names are dropped with them."""
    connection.execute(delete(diarizations).where(_is_of(transcription_id)))
    values = {"model": model, "turns": [turn.to_stored() for turn in turns], "names": {}, "embeddings": embeddings}
    connection.execute(insert(diarizations).values(transcription_id=transcription_id, **values))
    _index(connection, transcription_id, Speakers(tuple(turns)))


def change(
    connection: Connection, transcription_id: str, speakers: Speakers, corrections: Sequence[Correction]
) -> None:
    """Store what a person corrected, and what can be taken back."""
    values = {
        "turns": [turn.to_stored() for turn in speakers.turns],
        "names": {str(number): name for number, name in speakers.names.items()},
        "corrections": [correction.to_stored() for correction in corrections],
    }
    connection.execute(update(diarizations).where(_is_of(transcription_id)).values(**values))
    _index(connection, transcription_id, speakers)


def index_texts(connection: Connection, transcription_id: str) -> None:
    """Let the search by speaker follow a text that has changed."""
    if speaker_names.is_named(connection, transcription_id):
        speaker_names.index_names(connection, transcription_id, of(connection, transcription_id))


def _index(connection: Connection, transcription_id: str, speakers: Speakers) -> None:
    """Let the search follow the names."""
    if speakers.names or speaker_names.is_named(connection, transcription_id):
        speaker_names.index_names(connection, transcription_id, speakers)
        search.index_text(connection, transcription_id)


def _is_of(transcription_id: str) -> ColumnElement[bool]:
    return diarizations.c.transcription_id == transcription_id
