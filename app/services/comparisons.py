"""Comparisons of one recording transcribed with several models or settings.

Each variant is a transcription of its own, so it queues, survives a crash, is cancelled and fails independently.
A comparison only stores which of them belong together, and the reference text.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from app.domain.comparisons.comparison import (
    FEWEST,
    MOST,
    Comparison,
    Reading,
    errors_of,
    guiding_reading,
    segment_lines,
)
from app.domain.errors.base import N_
from app.domain.errors.requests import InvalidParameter
from app.domain.errors.transcriptions import ComparisonNotFound, NotCancellable, TranscriptionNotFound
from app.domain.options import TranscriptionOptions
from app.domain.sources import Source
from app.domain.transcription import Transcription
from app.logging import event
from app.services.transcriptions.edits import edited_text
from app.services.transcriptions.job_queue import Queue
from app.services.transcriptions.retranscribe import retranscribe
from app.store.files.upload_file import UploadFile
from app.store.queries import comparisons

if TYPE_CHECKING:
    from app.store.database import Row

LONGEST_REFERENCE = 200_000  # characters: a day of speech

_log = logging.getLogger(__name__)


class Comparisons:
    """All comparisons. Every method may be called from any thread."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    def begin(self, incoming: UploadFile, variants: Sequence[TranscriptionOptions], reference: str) -> Comparison:
        """Transcribe a received recording once with each of `variants`. When this returns, it is on disk.

        Raises:
            InvalidParameter: too few or too many variants, two alike, or a reference that is too long.
            EmptyFile, DiskFull
        """
        _check(variants, reference)
        first = self._queue.submit(incoming, variants[0], Source.COMPARE)
        return self._complete([first.id], first.id, variants[1:], reference)

    def begin_with(self, id: str, variants: Sequence[TranscriptionOptions], reference: str) -> Comparison:
        """Transcribe the recording of a transcription once with each of `variants`.

        If that transcription was corrected by hand, its text is the default reference.

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
        readings = tuple(Reading(record, errors_of(record, row["reference"])) for record in records)
        segments = [self._queue.segments(record.id, with_words=False) for record in records]
        lines = segment_lines(segments, row["reference"], guiding_reading(readings))
        return Comparison(row["id"], row["created_at"], row["reference"], readings, lines)

    def newest(self, limit: int) -> list[Comparison]:
        """Return the latest comparisons without their segments, newest first."""
        with self._queue.database.reading() as connection:
            rows = comparisons.newest(connection, limit)
        found = [(row, self._records(row)) for row in rows]
        return [
            Comparison(
                row["id"],
                row["created_at"],
                row["reference"],
                tuple(Reading(record, errors_of(record, row["reference"])) for record in records),
            )
            for row, records in found
            if records
        ]

    def set_reference(self, id: str, reference: str) -> Comparison:
        """Set the reference text; an empty one removes it.

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
        """Cancel all variants that are not finished.

        Raises:
            ComparisonNotFound
        """
        for reading in self.get(id).readings:
            with suppress(NotCancellable):  # already ended, perhaps just now
                self._queue.cancel(reading.record.id)
        return self.get(id)

    def delete(self, id: str) -> None:
        """Delete a comparison; the transcriptions made for it go to the trash.

        Raises:
            ComparisonNotFound
        """
        found = self.get(id)
        with self._queue.database.writing() as connection:
            ids = [reading.record.id for reading in found.readings]
            self._queue.put_in_trash(connection, ids, datetime.now(UTC))
            comparisons.remove(connection, id)
        event(_log, logging.INFO, "comparison_deleted", id=id)

    # Internal

    def _complete(
        self, ids: list[str], first: str, variants: Sequence[TranscriptionOptions], reference: str
    ) -> Comparison:
        """Queue the remaining variants and store the comparison; on failure nothing is left behind."""
        id, made = secrets.token_hex(8), list(ids)
        try:
            for options in variants:
                made.append(  # noqa: PERF401 - if one fails, the earlier ones must be known
                    retranscribe(self._queue, first, options, Source.COMPARE).id
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
        """Return the transcriptions that still exist."""
        found = []
        for id in row["members"]:
            try:
                found.append(self._queue.get(id))
            except TranscriptionNotFound:
                continue
        return found

    def _put_right(self, id: str) -> str:
        """Return the text of a transcription corrected by hand; empty for any other."""
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
