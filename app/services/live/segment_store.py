"""The segments of live transcriptions in the database: each step is one transaction, on disk when it returns."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from app.domain.errors.base import Problem
from app.domain.speech import SpeechSpan
from app.domain.transcription import SegmentRecord
from app.services.inference.segment_queue import Recognised
from app.services.live.session_files import SessionFiles
from app.services.transcriptions.segment_store import fail_segment, finish_segment
from app.store.database import Connection, Database
from app.store.queries import segments, transcriptions
from app.store.rows import segment_from


@dataclass(frozen=True, slots=True)
class Planned:
    """A complete segment with its index."""

    index: int
    span: SpeechSpan
    covered: float
    """Where the previous ones end."""
    channel: int | None = None


class LiveSegmentStore:
    """What writes raises LiveTakenOver where another server has the session."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def plan(self, place: SessionFiles, planned: Planned) -> None:
        """Store a segment whose text is still to come."""
        with self._writing(place) as connection:
            _plan(connection, place.transcription, planned)
            transcriptions.change(connection, place.transcription)
            transcriptions.recount(connection, place.transcription)

    def finish(
        self, place: SessionFiles, planned: Planned, recognised: Recognised, seconds: float, *, is_new: bool
    ) -> SegmentRecord:
        """Store the text of a segment that `is_new` or was planned before."""
        transcription = place.transcription
        with self._writing(place) as connection:
            if is_new:
                _plan(connection, transcription, planned)
            row = transcriptions.row_of(connection, transcription)
            assert row is not None  # noqa: S101 - removing a transcription waits for its session
            finish_segment(connection, row, planned.index, recognised, seconds)
            return _segment(connection, transcription, planned.index)

    def fail(self, place: SessionFiles, planned: Planned, problem: Problem) -> SegmentRecord:
        """Store why a planned segment has no text."""
        with self._writing(place) as connection:
            fail_segment(connection, place.transcription, planned.index, problem, 0.0)
            return _segment(connection, place.transcription, planned.index)

    def all_of(self, transcription: str) -> list[SegmentRecord]:
        with self._database.reading() as connection:
            return [segment_from(row) for row in segments.of(connection, transcription, with_words=True)]

    @contextmanager
    def _writing(self, place: SessionFiles) -> Iterator[Connection]:
        """A transaction on a session that no other server has taken over."""
        with self._database.writing() as connection:
            place.check(connection)
            yield connection


def _plan(connection: Connection, transcription: str, planned: Planned) -> None:
    span = planned.span
    reached = max(planned.covered, span.end)  # somebody on another channel may have stopped later
    place = {"index": planned.index, "start": span.start, "end": span.end, "channel": planned.channel}
    segments.add(connection, transcription, [{**place, "covers_seconds": reached - planned.covered}])
    transcriptions.change(connection, transcription, duration=reached)


def _segment(connection: Connection, transcription: str, index: int) -> SegmentRecord:
    return segment_from(segments.one(connection, transcription, index))
