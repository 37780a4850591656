"""The same recording read by several models or with several settings: what is compared, and how it stands.

Each reading is a transcription of its own, so that it waits, goes on after a crash, is cancelled and fails alone. A
comparison only remembers which of them belong together, and what was really said.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from app.domain.errors.base import N_
from app.domain.errors.requests import InvalidParameter
from app.domain.errors.transcriptions import ComparisonNotFound, NotCancellable, TranscriptionNotFound
from app.domain.options import TranscriptionOptions
from app.domain.scoring import Piece, edits, is_by_character, pieces, spread, units
from app.domain.states import JobState
from app.domain.transcription import SegmentRecord, Transcription
from app.logging import event
from app.services.batches.ingest import OF_A_COMPARISON
from app.services.transcriptions.edits import edited_text
from app.services.transcriptions.job_queue import Queue
from app.services.transcriptions.retranscribe import retranscribe
from app.store.files.upload_file import UploadFile
from app.store.queries import comparisons

if TYPE_CHECKING:
    from app.store.database import Row

FEWEST, MOST = 2, 6
LONGEST_REFERENCE = 200_000  # characters: a day of speech
LONGEST_LAID_OUT = 5_000  # units of a reference that is laid beside the segments: half an hour of speech
ENDED = (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Errors:
    """How far a text is from what was said."""

    wrong: int
    """Units that are wrong, missing or added."""
    total: int
    """Units that were said."""
    by_character: bool
    """Its share is a character error rate; else one of words."""

    @property
    def rate(self) -> float:
        return self.wrong / max(1, self.total)


@dataclass(frozen=True, slots=True)
class Reading:
    """What one model made of the recording."""

    record: Transcription
    errors: Errors | None
    """None without a reference, and until it has ended."""

    @property
    def has_ended(self) -> bool:
        return self.record.state in ENDED

    @property
    def real_time_factor(self) -> float | None:
        """Seconds of work for each second of the recording, without the loading of the model."""
        duration, worked = self.record.duration, self.record.seconds_worked
        return worked / duration if duration and worked and self.record.state is JobState.SUCCEEDED else None


@dataclass(frozen=True, slots=True)
class Cell:
    """What one model wrote for a segment."""

    pieces: tuple[Piece, ...]
    segment: SegmentRecord | None
    """None where it has not come so far."""


@dataclass(frozen=True, slots=True)
class SegmentLine:
    """A segment and what each model wrote for it."""

    start: float
    end: float
    channel: int | None
    reference: str
    """What was said in it, as far as that is known."""
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
        """The reading with the fewest errors, the quicker of equals; None before all have ended or without errors."""
        counted = [(r.errors, r) for r in self.readings if r.errors and r.record.state is JobState.SUCCEEDED]
        if not self.has_ended or len(counted) < FEWEST:
            return None
        return min(counted, key=lambda each: (each[0].wrong, each[1].real_time_factor or 0.0))[1]

    @property
    def is_laid_out(self) -> bool:
        """Whether the reference stands beside the segments."""
        return any(line.reference for line in self.lines)


class Comparisons:
    """All of them. Every method may be called from any thread."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    def begin(
        self, incoming: UploadFile, variants: Sequence[TranscriptionOptions], reference: str
    ) -> Comparison:
        """Have a received recording read once with each of `variants`. When this returns it is on the disk.

        Raises:
            InvalidParameter: too few or too many variants, two alike, or a reference that is too long.
            EmptyFile, DiskFull
        """
        _check(variants, reference)
        first = self._queue.submit(incoming, variants[0], OF_A_COMPARISON)
        return self._complete([first.id], first.id, variants[1:], reference)

    def begin_with(self, id: str, variants: Sequence[TranscriptionOptions], reference: str) -> Comparison:
        """Have the recording of a transcription read once with each of `variants`.

        Where a person has put that transcription right, its text is the reference unless another one is given.

        Raises:
            TranscriptionNotFound
            AudioGone: its recording is no longer on the disk.
            InvalidParameter, DiskFull: as `begin`.
        """
        reference = reference.strip() or self._put_right(id)
        _check(variants, reference)
        return self._complete([], id, variants, reference)

    def get(self, id: str) -> Comparison:
        """Return a comparison with its segments.

        Raises:
            ComparisonNotFound: there is none, or its transcriptions are gone.
        """
        with self._queue.database.reading() as connection:
            row = comparisons.find(connection, id)
        if row is None:
            raise ComparisonNotFound(id=id)
        records = self._records(row)
        if not records:
            raise ComparisonNotFound(id=id)
        readings = tuple(Reading(record, _errors(record, row["reference"])) for record in records)
        segments = [self._queue.segments(record.id, with_words=False) for record in records]
        lines = _lines(segments, row["reference"], _guide(readings))
        return Comparison(row["id"], row["created_at"], row["reference"], readings, lines)

    def newest(self, limit: int) -> list[Comparison]:
        """Return the latest comparisons without their segments, the newest first."""
        with self._queue.database.reading() as connection:
            rows = comparisons.newest(connection, limit)
        found = [(row, self._records(row)) for row in rows]
        return [
            Comparison(
                row["id"],
                row["created_at"],
                row["reference"],
                tuple(Reading(record, _errors(record, row["reference"])) for record in records),
            )
            for row, records in found
            if records
        ]

    def set_reference(self, id: str, reference: str) -> Comparison:
        """Say what was really said; nothing takes it back.

        Raises:
            ComparisonNotFound
            InvalidParameter: it is too long.
            DiskFull
        """
        _check_reference(reference)
        self.get(id)
        with self._queue.database.writing() as connection:
            comparisons.change(connection, id, reference=reference.strip())
        return self.get(id)

    def cancel(self, id: str) -> Comparison:
        """End all readings that have not ended.

        Raises:
            ComparisonNotFound
        """
        for reading in self.get(id).readings:
            with suppress(NotCancellable):  # it has ended, perhaps just now
                self._queue.cancel(reading.record.id)
        return self.get(id)

    def delete(self, id: str) -> None:
        """Forget a comparison; the transcriptions that were made for it go to the trash.

        Raises:
            ComparisonNotFound
        """
        found = self.get(id)
        with self._queue.database.writing() as connection:
            ids = [reading.record.id for reading in found.readings]
            self._queue.put_in_trash(connection, ids, datetime.now(UTC))
            comparisons.remove(connection, id)
        event(_log, logging.INFO, "comparison_deleted", id=id)

    # Inside

    def _complete(
        self, ids: list[str], first: str, variants: Sequence[TranscriptionOptions], reference: str
    ) -> Comparison:
        """Queue the remaining readings and store which belong together; what cannot be stored leaves nothing."""
        id, made = secrets.token_hex(8), list(ids)
        try:
            for options in variants:
                made.append(  # noqa: PERF401 - where one fails, those before it are to be found
                    retranscribe(self._queue, first, options, OF_A_COMPARISON).id
                )
            with self._queue.database.writing() as connection:
                comparisons.add(
                    connection,
                    id=id,
                    created_at=datetime.now(UTC),
                    reference=reference.strip(),
                    members=made,
                )
        except BaseException:
            for each in made:
                self._queue.delete(each)
            raise
        event(_log, logging.INFO, "comparison_begun", id=id, readings=len(made))
        return self.get(id)

    def _records(self, row: Row) -> list[Transcription]:
        """Return the transcriptions that are still there."""
        found = []
        for id in row["members"]:
            try:
                found.append(self._queue.get(id))
            except TranscriptionNotFound:
                continue
        return found

    def _put_right(self, id: str) -> str:
        """Return the text of a transcription that a person has put right; nothing of any other."""
        if not edited_text(self._queue, id).revision:
            return ""
        return self._queue.transcript(id).text


def _check(variants: Sequence[TranscriptionOptions], reference: str) -> None:
    if not FEWEST <= len(variants) <= MOST:
        raise InvalidParameter(name="variants", reason=N_("choose two to six"))
    if any(variant in variants[:number] for number, variant in enumerate(variants)):
        raise InvalidParameter(name="variants", reason=N_("two of them are the same"))
    _check_reference(reference)


def _check_reference(reference: str) -> None:
    if len(reference) > LONGEST_REFERENCE:
        raise InvalidParameter(name="reference", reason=N_("it is too long"))


def _errors(record: Transcription, reference: str) -> Errors | None:
    if not reference or record.state not in ENDED or not (record.text or record.state is JobState.SUCCEEDED):
        return None
    return _counted(reference, record.text)


@lru_cache(maxsize=64)
def _counted(reference: str, text: str) -> Errors:
    said = units(reference)
    return Errors(edits(said, units(text)), len(said), is_by_character(reference))


def _guide(readings: Sequence[Reading]) -> int | None:
    """Return which reading tells best where the words of the reference belong; None while none has ended."""
    ended = [
        (reading.errors.wrong, number)
        for number, reading in enumerate(readings)
        if reading.errors is not None
    ]
    return min(ended)[1] if ended else None


def _lines(
    segments: Sequence[Sequence[SegmentRecord]], reference: str, guide: int | None
) -> tuple[SegmentLine, ...]:
    """Lay the segments of all readings beside each other: all were cut in the same way."""
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
    """Mark what differs from the reference, or from the first reading where there is none."""
    texts = [segment.text if segment else "" for segment in segments]
    first = texts[0] if reference is None else reference
    return tuple(
        Cell(_marked(first, text) if segment and segment.state == "done" else (), segment)
        for segment, text in zip(segments, texts, strict=True)
    )


@lru_cache(maxsize=4096)
def _marked(first: str, second: str) -> tuple[Piece, ...]:
    return pieces(first, second)
