"""Converts rows to domain values, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from app.domain.errors.base import Problem
from app.domain.options import TranscriptionOptions
from app.domain.progress import Progress, eta_seconds, percent_done
from app.domain.reasons import reason_from
from app.domain.states import JobState
from app.domain.transcript import Applied, Word
from app.domain.transcription import SegmentRecord, Transcription
from app.store.database import Row
from app.store.files.upload_file import UploadFile


def transcription_from(row: Mapping[str, Any]) -> Transcription:
    """Build a transcription from its row, which may have a `queue_position`."""
    values = {name: row[name] for name in _TRANSCRIPTION_FIELDS if name in row}
    for name, convert in _CONVERTERS.items():
        if name in values:
            values[name] = convert(values[name])
    values["progress"] = _progress(row)
    return Transcription(**values)


def segment_from(row: Mapping[str, Any]) -> SegmentRecord:
    return SegmentRecord(
        index=row["index"],
        start=row["start"],
        end=row["end"],
        state=row["state"],
        text=row["text"],
        text_raw=row["text_raw"],
        confidence=row["confidence"],
        dropped=row["dropped"],
        foreign_share=row.get("foreign_share"),
        error=_problem(row["error"]),
        words=tuple(_stored_word(values, row["start"]) for values in row.get("words", ())),
        channel=row["channel"],
        emotion=row.get("emotion", ""),
        events=tuple(row.get("events", ())),
        language=row.get("language", ""),
    )


def words_to_store(words: Iterable[Word]) -> list[list[Any]]:
    """Return words as compact lists: ten hours of audio have a hundred thousand."""
    return [
        [word.text, round(word.start, 3), round(word.end, 3), round(word.confidence, 4), word.raw]
        + ([word.was] if word.was else [])
        for word in words
    ]


def _stored_word(values: Sequence[Any], start: float) -> Word:
    return Word(*values).later(start)


def _progress(row: Mapping[str, Any]) -> Progress:
    done, duration = row["seconds_done"], row["duration"]
    is_complete = row["state"] == JobState.SUCCEEDED
    is_recognizing = row["stage"] == "recognizing"
    return Progress(
        stage=row["stage"],
        percent=100.0 if is_complete else percent_done(done, duration),
        seconds_done=duration if is_complete else done,
        segments_done=row["segments_done"],
        segments_failed=row["segments_failed"],
        segments_total=row["segments_total"],
        eta_seconds=eta_seconds(done, duration, row["seconds_worked"]) if is_recognizing else None,
        queue_position=row.get("queue_position"),
        waits_for=_problem(row.get("waits_for")) if row["state"] == JobState.RUNNING else None,
    )


def _problem(stored: Mapping[str, Any] | None) -> Problem | None:
    return Problem.from_dict(stored) if stored else None


def new_row(incoming: UploadFile, options: TranscriptionOptions, source: str) -> Row:
    return {
        "name": incoming.name,
        "suffix": incoming.suffix,
        "size_bytes": incoming.size_bytes,
        "sha256": incoming.sha256,
        "source": source,
        "options": options.to_dict(),
        "created_at": datetime.now(UTC),
    }


_TRANSCRIPTION_FIELDS = tuple(each.name for each in fields(Transcription))
_CONVERTERS: Mapping[str, Callable[[Any], Any]] = {
    "state": JobState,
    "options": TranscriptionOptions.from_dict,
    "receipt": lambda lines: tuple(Applied.from_dict(line) for line in lines),
    "warnings": lambda stored: tuple(filter(None, map(reason_from, stored))),
    "error": _problem,
    "channel_names": tuple,
    "recording": lambda stored: stored or {},
    "seconds_worked": lambda seconds: seconds or 0.0,
    "earlier_end": lambda stored: JobState(stored["state"]) if stored else None,
}
"""Of columns that are stored otherwise than they are used."""
