"""Turns recognised segments into records, rows and transcripts, for every interface alike.

The functions that write take the connection of an open transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from app.domain.errors.base import Problem, Reason
from app.domain.hotwords import outcomes
from app.domain.options import RecognitionOptions
from app.domain.reasons import why_without_text
from app.domain.speech import SpeechSpan
from app.domain.states import SegmentState
from app.domain.transcript import (
    Applied,
    Segment,
    Transcript,
    detect_language,
    merge_receipts,
)
from app.domain.transcription import SegmentRecord
from app.engine import Hypothesis
from app.services.inference.segment_queue import Recognised
from app.store.database import Connection, Row
from app.store.queries import segments, transcriptions
from app.store.rows import words_to_store


def finish_segment(
    connection: Connection, transcription: Row, index: int, recognised: Recognised, seconds_worked: float
) -> None:
    """Store the text of one segment and which model recognised it; once committed, it is never recognised again."""
    hypothesis, info = recognised.hypothesis, recognised.info
    segments.finish(
        connection,
        transcription["id"],
        index,
        state=SegmentState.DONE,
        text=hypothesis.text,
        text_raw=hypothesis.text_raw,
        confidence=hypothesis.confidence,
        words=words_to_store(hypothesis.words),
        dropped=hypothesis.dropped,
        foreign_share=hypothesis.foreign_share,
        emotion=hypothesis.emotion,
        events=list(hypothesis.events),
        language=hypothesis.language,
        seconds_worked=seconds_worked,
    )
    earlier = (Applied.from_dict(line) for line in transcription["receipt"])
    receipt = merge_receipts(merge_receipts(earlier, recognised.receipt), hypothesis.applied)
    transcriptions.change(
        connection,
        transcription["id"],
        model=info.model,
        device=info.device,
        receipt=[line.to_dict() for line in receipt],
    )
    transcriptions.recount(connection, transcription["id"])


def fail_segment(connection: Connection, id: str, index: int, problem: Problem, seconds_worked: float) -> None:
    """Store why one segment of transcription `id` has no text."""
    failed = {"state": SegmentState.FAILED, "error": problem.to_dict(), "seconds_worked": seconds_worked}
    segments.finish(connection, id, index, **failed)
    transcriptions.change(connection, id)
    transcriptions.recount(connection, id)


def recognised_segment(index: int, span: SpeechSpan, hypothesis: Hypothesis) -> SegmentRecord:
    """Return the record of a segment that is not in a database."""
    return SegmentRecord(
        index=index,
        state="done",
        start=span.start,
        end=span.end,
        channel=span.channel,
        text=hypothesis.text,
        text_raw=hypothesis.text_raw,
        confidence=hypothesis.confidence,
        words=tuple(word.later(span.start) for word in hypothesis.words),
        dropped=hypothesis.dropped,
        foreign_share=hypothesis.foreign_share,
        emotion=hypothesis.emotion,
        events=hypothesis.events,
        language=hypothesis.language,
    )


def assemble(
    recognised: Sequence[SegmentRecord],
    options: RecognitionOptions,
    *,
    duration: float,
    model: str,
    device: str,
    receipt: tuple[Applied, ...],
    warnings: Iterable[Reason],
) -> Transcript:
    """Return the transcript of a fully recognised recording."""
    heard: tuple[Segment, ...] = tuple(segment for segment in recognised if segment.text)
    reasons = () if heard else (why_without_text(segment.dropped for segment in recognised),)
    return Transcript(
        segments=heard,
        language=detect_language("".join(segment.text_raw for segment in heard), options.language),
        duration=duration,
        model=model,
        device=device,
        receipt=receipt,
        warnings=(*warnings, *reasons),
        hotwords=outcomes(options.hotwords, heard, receipt),
    )
