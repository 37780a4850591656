"""Where a named speaker says something: passages for the results of a search."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, func, select

from app.domain.edits import edit_from, overlaid
from app.domain.speakers import Speakers, with_speakers
from app.store.database import Row
from app.store.functions import instr
from app.store.queries import edits, segments
from app.store.queries.voices.speaker_names import folded
from app.store.rows import segment_from
from app.store.tables import segments as table

MOST_LOOKED_AT = 60  # segments with a term, for the few that this speaker says


def spoken_places(connection: Connection, id: str, speakers: Speakers, name: str, term: str, limit: int) -> list[Row]:
    """Return the first passages of a transcription in which the speaker of this name says `term`."""
    numbers = {number for number, each in speakers.names.items() if folded(each) == folded(name)}
    found: list[Row] = []
    for first, last in _ranges(connection, id, term.lower()):
        found += (row for row in _said_in(connection, id, speakers, first, last) if row["speaker"] in numbers)
        found = [row for row in found if term.lower() in row["text"].lower()]
        if len(found) >= limit:
            break
    return found[:limit]


def _ranges(connection: Connection, id: str, term: str) -> list[tuple[int, int]]:
    """Return the segments with the term, and the edits with it, in order."""
    by_hand = [edit_from(row) for row in edits.of(connection, id)]
    covered = {index for edit in by_hand for index in range(edit.first, edit.last + 1)}
    has_term = instr(func.lower(table.c.text), term) > 0
    query = select(table.c.index).where(table.c.transcription_id == id, has_term).order_by(table.c.index)
    recognised = [(index, index) for index in connection.scalars(query.limit(MOST_LOOKED_AT)) if index not in covered]
    edited = [(edit.first, edit.last) for edit in by_hand if any(term in piece.text.lower() for piece in edit.pieces)]
    return sorted([*recognised, *edited])


def _said_in(connection: Connection, id: str, speakers: Speakers, first: int, last: int) -> Iterator[Row]:
    recognised = [segment_from(row) for row in segments.between(connection, id, first, last)]
    shown = overlaid(recognised, [edit_from(row) for row in edits.of(connection, id, first, last)])
    for piece in with_speakers(shown, speakers.turns):
        yield {"index": first, "start": piece.start, "text": piece.text, "speaker": piece.speaker}
