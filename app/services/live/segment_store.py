"""The segments of live transcriptions in the database: each step is one transaction, and on the disk when it returns."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.errors.base import Problem
from app.domain.speech import SpeechSpan
from app.domain.transcription import SegmentRecord
from app.services.inference.segment_queue import Recognised
from app.services.transcriptions.segment_store import fail_segment, finish_segment
from app.store.database import Connection, Database
from app.store.queries import segments, transcriptions
from app.store.rows import segment_from


@dataclass(frozen=True, slots=True)
class Planned:
    """A segment that is complete, and has its place among the others."""

    index: int
    span: SpeechSpan
    covered: float
    """Where the one before it ends."""


class LiveSegmentStore:
    """Every method names the transcription whose segments are meant."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def plan(self, transcription: str, planned: Planned) -> None:
        """Store that there is a segment; its text follows."""
        with self._database.writing() as connection:
            _plan(connection, transcription, planned)
            transcriptions.change(connection, transcription)
            transcriptions.recount(connection, transcription)

    def finish(
        self, transcription: str, planned: Planned, recognised: Recognised, seconds: float, *, is_new: bool
    ) -> SegmentRecord:
        """Store the text of a segment, which `is_new` or was planned before."""
        with self._database.writing() as connection:
            if is_new:
                _plan(connection, transcription, planned)
            row = transcriptions.row_of(connection, transcription)
            assert row is not None  # noqa: S101 - whoever removes a transcription waits for its session
            finish_segment(connection, row, planned.index, recognised, seconds)
            return _segment(connection, transcription, planned.index)

    def fail(self, transcription: str, planned: Planned, problem: Problem) -> SegmentRecord:
        """Store why a segment that was planned has no text."""
        with self._database.writing() as connection:
            fail_segment(connection, transcription, planned.index, problem, 0.0)
            return _segment(connection, transcription, planned.index)

    def all_of(self, transcription: str) -> list[SegmentRecord]:
        with self._database.reading() as connection:
            return [segment_from(row) for row in segments.of(connection, transcription, with_words=True)]


def _plan(connection: Connection, transcription: str, planned: Planned) -> None:
    span = planned.span
    covers = span.end - planned.covered
    row = {"index": planned.index, "start": span.start, "end": span.end, "covers_seconds": covers}
    segments.add(connection, transcription, [row])
    transcriptions.change(connection, transcription, duration=span.end)


def _segment(connection: Connection, transcription: str, index: int) -> SegmentRecord:
    return segment_from(segments.one(connection, transcription, index))
