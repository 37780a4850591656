"""The segments of live transcriptions in the database: each step is one transaction, and on the disk when it returns."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from app.domain.errors import Problem
from app.domain.states import SegmentState
from app.domain.transcript import Applied, merge_receipts
from app.engine.vad.vad import SpeechSpan
from app.services.inference.scheduler import Recognised
from app.services.transcriptions.records import SegmentRecord, segment_from, words_to_store
from app.store.database import Connection, Database
from app.store.queries import segments, transcriptions


@dataclass(frozen=True, slots=True)
class Planned:
    """A segment that is complete, and has its place among the others."""

    index: int
    span: SpeechSpan
    covered: float
    """Where the one before it ends."""


class SegmentBook:
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
        heard, info = recognised.hypothesis, recognised.info
        values = {
            "state": SegmentState.DONE,
            "text": heard.text,
            "text_raw": heard.text_raw,
            "confidence": heard.confidence,
            "words": words_to_store(heard.words),
            "dropped": heard.dropped,
            "emotion": heard.emotion,
            "events": list(heard.events),
            "language": heard.language,
            "seconds_worked": seconds,
        }
        with self._database.writing() as connection:
            if is_new:
                _plan(connection, transcription, planned)
            segments.finish(connection, transcription, planned.index, **values)
            earlier = (Applied(**line) for line in _receipt(connection, transcription))
            receipt = merge_receipts(merge_receipts(earlier, recognised.receipt), heard.applied)
            maker = {
                "model": info.model,
                "device": info.device,
                "receipt": [asdict(line) for line in receipt],
            }
            transcriptions.change(connection, transcription, **maker)
            transcriptions.recount(connection, transcription)
            return _segment(connection, transcription, planned.index)

    def fail(self, transcription: str, planned: Planned, problem: Problem) -> SegmentRecord:
        """Store why a segment that was planned has no text."""
        with self._database.writing() as connection:
            failed = {"state": SegmentState.FAILED, "error": problem.to_dict()}
            segments.finish(connection, transcription, planned.index, **failed)
            transcriptions.change(connection, transcription)
            transcriptions.recount(connection, transcription)
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


def _receipt(connection: Connection, transcription: str) -> list[dict[str, str]]:
    row = transcriptions.row_of(connection, transcription)
    assert row is not None  # noqa: S101 - whoever removes a transcription waits for its session
    receipt: list[dict[str, str]] = row["receipt"]
    return receipt
