"""Converts transcriptions to REST API responses, in the user's language."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from app.domain.hotwords import outcomes
from app.domain.states import JobState
from app.domain.transcript import HotwordStatus, mean_confidence, rounded
from app.domain.transcription import Transcription
from app.web.answers.receipts import receipt_answer
from app.web.schemas.transcriptions import (
    ErrorDetail,
    HotwordAnswer,
    ModelAnswer,
    Options,
    Place,
    Progress,
    Reading,
    SegmentAnswer,
    TrackAnswer,
    TranscriptionAnswer,
    TranscriptionItem,
    WordAnswer,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.domain.errors.base import Problem
    from app.domain.options import TranscriptionOptions
    from app.domain.transcription import SegmentRecord
    from app.i18n import Translate
    from app.services.inference.process import InferenceStatus

PREVIEW_CHARACTERS = 1000
"""Lists and events truncate texts to this length: ten hours of text are long, and events are frequent."""


def item_answer(record: Transcription, translate: Translate) -> TranscriptionItem:
    """Return `record` for a list or an event, with its text truncated."""
    return TranscriptionItem(**_common(record, translate), text=record.text[:PREVIEW_CHARACTERS])


def full_answer(
    record: Transcription, segments: list[SegmentRecord], translate: Translate, readings: Iterable[Transcription] = ()
) -> TranscriptionAnswer:
    """Return all of `record`; `readings` are all transcriptions of its recording."""
    return TranscriptionAnswer(
        **_common(record, translate),
        text=record.text,
        text_raw=record.text_raw,
        confidence=rounded(mean_confidence(segments)),
        segments=[segment_answer(segment, translate) for segment in segments],
        receipt=receipt_answer(record.receipt, translate),
        hotwords=_hotwords(record, segments),
        tracks=[TrackAnswer(**track) for track in record.recording.get("tracks", ())],
        readings=[_reading(reading) for reading in readings if reading.id != record.id],
    )


def segment_answer(segment: SegmentRecord, translate: Translate) -> SegmentAnswer:
    return SegmentAnswer(
        index=segment.index,
        start=round(segment.start, 3),
        end=round(segment.end, 3),
        state=segment.state,
        text=segment.text,
        text_raw=segment.text_raw,
        confidence=rounded(segment.confidence),
        words=[WordAnswer(**word.to_dict()) for word in segment.words],
        channel=segment.channel,
        emotion=segment.emotion,
        events=list(segment.events),
        language=segment.language,
        dropped=segment.dropped,
        error=problem_answer(segment.error, translate),
    )


def model_answer(status: InferenceStatus, translate: Translate) -> ModelAnswer:
    """Return the state of the inference process, with the loaded model once it is ready."""
    info = status.info
    return ModelAnswer(
        state=status.state,
        name=info.model if info else None,
        languages=list(info.languages) if info else [],
        device=info.device if info else None,
        dtype=info.dtype if info else None,
        parameters=info.parameters if info else None,
        load_seconds=round(info.load_seconds, 3) if info else None,
        memory_bytes=status.rss_bytes,
        restarts=status.restarts,
        last_restart_reason=problem_answer(status.last_restart_reason, translate),
        problem=problem_answer(status.problem, translate),
        receipt=receipt_answer(info.receipt if info else (), translate),
    )


def options_answer(options: TranscriptionOptions) -> Options:
    return Options.model_validate(options)


def problem_answer(problem: Problem | None, translate: Translate) -> ErrorDetail | None:
    return ErrorDetail(**problem.explained(translate)) if problem else None


def _common(record: Transcription, translate: Translate) -> dict[str, Any]:
    """Return the members that each answer about a transcription has; most are what the record has."""
    return {name: getattr(record, name) for name in _AS_RECORDED} | {
        "options": options_answer(record.options),
        "progress": progress_answer(record, translate),
        "is_exportable": record.is_exportable,
        "warnings": [warning.told(translate) for warning in record.warnings],
        "error": problem_answer(record.error, translate),
    }


def _reading(record: Transcription) -> Reading:
    return Reading(
        id=record.id,
        created_at=record.created_at,
        state=record.state,
        model=record.model,
        options=options_answer(record.options),
    )


def _hotwords(record: Transcription, segments: list[SegmentRecord]) -> list[HotwordAnswer]:
    """Say what became of each hotword; only a whole reading can tell that one was not heard."""
    found = outcomes(record.options.hotwords, segments, record.receipt)
    is_whole = record.state is JobState.SUCCEEDED
    return [
        HotwordAnswer(
            word=outcome.word,
            weight=outcome.weight,
            status=outcome.status,
            places=[Place(start=round(start, 3), end=round(end, 3)) for start, end in outcome.places],
            unknown=outcome.unknown,
        )
        for outcome in found
        if is_whole or outcome.status is not HotwordStatus.NOT_HEARD
    ]


def progress_answer(record: Transcription, translate: Translate) -> Progress:
    progress = record.progress
    return Progress(
        stage=progress.stage,
        percent=round(progress.percent, 1),
        seconds_done=round(progress.seconds_done, 3),
        segments_done=progress.segments_done,
        segments_failed=progress.segments_failed,
        segments_total=progress.segments_total,
        eta_seconds=None if progress.eta_seconds is None else round(progress.eta_seconds, 1),
        queue_position=progress.queue_position,
        waits_for=problem_answer(progress.waits_for, translate),
    )


_AS_RECORDED = tuple(
    each.name for each in fields(Transcription) if each.name in TranscriptionItem.model_fields.keys() - {"text"}
)
