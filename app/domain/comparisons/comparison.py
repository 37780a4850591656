"""One recording transcribed by several models, side by side. Pure values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from app.domain.comparisons.scoring import Piece, edits, is_by_character, pieces, spread, units
from app.domain.states import JobState
from app.domain.transcription import SegmentRecord, Transcription

LONGEST_LAID_OUT = 5_000  # units of a reference shown beside the segments: half an hour of speech
ENDED = (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)


@dataclass(frozen=True, slots=True)
class ErrorCount:
    """The errors of a text against the reference."""

    wrong: int
    """Units that are substituted, deleted or inserted."""
    total: int
    """Units of the reference."""
    by_character: bool
    """Whether the rate is a character error rate; else a word error rate."""

    @property
    def rate(self) -> float:
        return self.wrong / max(1, self.total)


@dataclass(frozen=True, slots=True)
class Reading:
    """One model's transcription of the recording."""

    record: Transcription
    errors: ErrorCount | None
    """None without a reference, or until it has ended."""

    @property
    def has_ended(self) -> bool:
        return self.record.state in ENDED

    @property
    def real_time_factor(self) -> float | None:
        """Return seconds of work per second of the recording, excluding the loading of the model."""
        duration, worked = self.record.duration, self.record.seconds_worked
        return worked / duration if duration and worked and self.record.state is JobState.SUCCEEDED else None


@dataclass(frozen=True, slots=True)
class Cell:
    """What one model wrote for a segment."""

    pieces: tuple[Piece, ...]
    segment: SegmentRecord | None
    """None if it has not got this far."""


@dataclass(frozen=True, slots=True)
class SegmentLine:
    """A segment and what each model wrote for it."""

    start: float
    end: float
    channel: int | None
    reference: str
    """The part of the reference said in it, if known."""
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Readings of one recording side by side."""

    id: str
    created_at: datetime
    reference: str
    readings: tuple[Reading, ...]
    lines: tuple[SegmentLine, ...] = ()

    @property
    def name(self) -> str:
        return self.readings[0].record.name

    @property
    def has_ended(self) -> bool:
        return all(reading.has_ended for reading in self.readings)

    @property
    def best(self) -> Reading | None:
        """Return the reading with the fewest errors, then the fastest; None until all have ended, or without counts."""
        counted = [(r.errors, r) for r in self.readings if r.errors and r.record.state is JobState.SUCCEEDED]
        if not self.has_ended or len(counted) < FEWEST:
            return None
        return min(counted, key=lambda each: (each[0].wrong, each[1].real_time_factor or 0.0))[1]

    @property
    def is_laid_out(self) -> bool:
        """Return whether the reference is shown beside the segments."""
        return any(line.reference for line in self.lines)


def errors_of(record: Transcription, reference: str) -> ErrorCount | None:
    if not reference or record.state not in ENDED or not (record.text or record.state is JobState.SUCCEEDED):
        return None
    return _counted(reference, record.text)


@lru_cache(maxsize=64)
def _counted(reference: str, text: str) -> ErrorCount:
    said = units(reference)
    return ErrorCount(edits(said, units(text)), len(said), is_by_character(reference))


def guiding_reading(readings: Sequence[Reading]) -> int | None:
    """Return the reading that best locates the words of the reference; None while none has ended."""
    ended = [(reading.errors.wrong, number) for number, reading in enumerate(readings) if reading.errors is not None]
    return min(ended)[1] if ended else None


def segment_lines(
    segments: Sequence[Sequence[SegmentRecord]], reference: str, guide: int | None
) -> tuple[SegmentLine, ...]:
    """Put the segments of all readings side by side: their boundaries are the same."""
    plan = max(segments, key=len, default=())
    by_index = [{segment.index: segment for segment in each} for each in segments]
    said = [""] * len(plan)
    if guide is not None and len(segments[guide]) == len(plan):
        said = list(_laid_out(reference, tuple(segment.text for segment in segments[guide])))
    return tuple(
        SegmentLine(
            segment.start,
            segment.end,
            segment.channel,
            part.strip(),
            _cells([each.get(segment.index) for each in by_index], part if any(said) else None),
        )
        for segment, part in zip(plan, said, strict=True)
    )


@lru_cache(maxsize=16)
def _laid_out(reference: str, texts: tuple[str, ...]) -> tuple[str, ...]:
    if len(units(reference)) > LONGEST_LAID_OUT:
        return ("",) * len(texts)
    return tuple(spread(reference, texts))


def _cells(segments: Sequence[SegmentRecord | None], reference: str | None) -> tuple[Cell, ...]:
    """Mark differences from the reference, or from the first reading without one."""
    texts = [segment.text if segment else "" for segment in segments]
    first = texts[0] if reference is None else reference
    return tuple(
        Cell(_marked(first, text) if segment and segment.state == "done" else (), segment)
        for segment, text in zip(segments, texts, strict=True)
    )


@lru_cache(maxsize=4096)
def _marked(first: str, second: str) -> tuple[Piece, ...]:
    return pieces(first, second)


FEWEST, MOST = 2, 6
