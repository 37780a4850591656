"""Where a named speaker says something: passages for the results of a search."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection

from app.domain.edits import Edit, edit_from, overlaid
from app.domain.speakers import Speakers, with_speakers
from app.store.database import Row
from app.store.queries import diarizations, edits, segments
from app.store.queries.passages.places import segments_with
from app.store.queries.voices.speaker_names import folded
from app.store.rows import segment_from

LOOKED_AT = (8, 60)  # segments with a term, for the few that this speaker says: usually the first ones suffice


def spoken_places(
    connection: Connection, ids: Sequence[str], name: str, terms: Iterable[str], limit: int
) -> Mapping[str, list[Row]]:
    """Return the first passages of each transcription in which the speaker of this name says a term."""
    speakers, by_hand = diarizations.of_several(connection, ids), edits.of_several(connection, ids)
    found: dict[str, list[Row]] = {id: [] for id in ids}
    edited = {id: [edit_from(row) for row in rows] for id, rows in by_hand.items()}
    transcripts = {id: _Transcript(connection, id, speakers[id], edited[id], name) for id in ids}
    for term in terms:
        for id, rows in _first_with(connection, transcripts, term, limit).items():
            found[id] += rows
    return found


def _first_with(
    connection: Connection, transcripts: Mapping[str, _Transcript], term: str, limit: int
) -> Mapping[str, list[Row]]:
    """Return the first passages with `term`; more segments are read where the first ones are somebody else's."""
    said: dict[str, list[Row]] = {}
    left = list(transcripts)
    for most in LOOKED_AT:
        recognised = segments_with(connection, left, term, most)
        said |= {id: transcripts[id].spoken(recognised[id], term, limit) for id in left}
        left = [id for id in left if len(said[id]) < limit and len(recognised[id]) == most]
    return said


class _Transcript:
    """What the speaker of one name says in a transcription."""

    def __init__(self, connection: Connection, id: str, speakers: Speakers, by_hand: Sequence[Edit], name: str) -> None:
        self._connection = connection
        self._id = id
        self._turns = speakers.turns
        self._numbers = {number for number, each in speakers.names.items() if folded(each) == folded(name)}
        self._by_hand = by_hand

    def spoken(self, recognised: Sequence[Row], term: str, limit: int) -> list[Row]:
        """Return the first passages with `term`, of segments that have it, and of edits."""
        found: list[Row] = []
        for rows in self._ranges(recognised, term.lower()):
            found += (row for row in self._said_in(rows) if row["speaker"] in self._numbers)
            found = [row for row in found if term.lower() in row["text"].lower()]
            if len(found) >= limit:
                break
        return found[:limit]

    def _ranges(self, recognised: Sequence[Row], term: str) -> list[Sequence[Row]]:
        """Return the segments with the term, and those below the edits with it, in order."""
        covered = {index for edit in self._by_hand for index in range(edit.first, edit.last + 1)}
        ranges: dict[int, Sequence[Row]] = {row["index"]: [row] for row in recognised if row["index"] not in covered}
        for edit in self._by_hand:
            if any(term in piece.text.lower() for piece in edit.pieces):
                ranges[edit.first] = segments.between(self._connection, self._id, edit.first, edit.last)
        return [ranges[first] for first in sorted(ranges)]

    def _said_in(self, rows: Sequence[Row]) -> Iterable[Row]:
        first = rows[0]["index"] if rows else 0
        shown = overlaid([segment_from(row) for row in rows], self._by_hand)
        for piece in with_speakers(shown, self._turns):
            yield {"index": first, "start": piece.start, "text": piece.text, "speaker": piece.speaker}
