"""Reads one recording of an archive after the other, on whichever machine; a record is the last thing it writes."""

from __future__ import annotations

import hashlib
import logging
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app import __version__
from app.domain.archive import FAILED, READ, ArchiveOutput, ArchiveRecord, ListedFile
from app.domain.errors.base import AppError, Problem
from app.domain.errors.batches import ReadingCrashed
from app.domain.errors.object_store import StoreUnusable
from app.domain.errors.setup import FolderReadOnly, FolderUnwritable, TooManyOpenFiles
from app.domain.errors.uploads import DiskFull
from app.domain.options import TranscriptionOptions
from app.domain.transcript import ExportStyle, Transcript
from app.engine import EngineSpec
from app.engine.audio.facts import DecodeLimits
from app.formats import find_format
from app.logging import event
from app.services.archive.records import RecordBook
from app.services.transcriptions.direct import DirectTranscriber, direct_transcriber
from app.store.places import Place, place_at

MOST_ATTEMPTS = 2  # one crash may be chance
OF_THE_PLACE = (StoreUnusable, DiskFull, FolderUnwritable, FolderReadOnly, TooManyOpenFiles)
"""Errors that the next recording would meet as well."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ReadingOrder:
    """All that a reader needs; it can be sent to another machine."""

    source: str
    output: str
    spec: EngineSpec
    options: TranscriptionOptions
    limits: DecodeLimits
    formats: tuple[str, ...]
    style: ExportStyle
    speaker_model: Path | None = None
    price_per_hour: float | None = None
    """Of a reader's work."""


@contextmanager
def open_reader(order: ReadingOrder) -> Iterator[ArchiveReader]:
    """Load the engine to read recordings inside the block.

    Raises:
        ModelError, DeviceUnavailable, PlaceUnknown
    """
    source, output = place_at(order.source), place_at(order.output)
    with direct_transcriber(order.spec, order.options, order.limits, lambda: order.speaker_model) as transcriber:
        yield ArchiveReader(order, source, output, RecordBook(output), transcriber)


@dataclass(frozen=True, slots=True)
class ArchiveReader:
    """Reads with one loaded engine."""

    order: ReadingOrder
    source: Place
    output: Place
    book: RecordBook
    transcriber: DirectTranscriber

    def read(self, source: ListedFile) -> ArchiveRecord:
        """Read a recording, write its outputs and then its record; what is recorded already is not done again.

        An error of the recording is its record; only places and the disk stop the run.

        Raises:
            StoreUnusable, DiskFull, FolderUnwritable
        """
        former = self.book.of(source.name)
        if former is not None and former.source == source:
            return former
        attempt = self.book.begin(source)
        started = time.monotonic()
        if attempt > MOST_ATTEMPTS:
            record = _failed(source, ReadingCrashed(name=source.name, count=attempt - 1).problem)
        else:
            record = self._read(source, started)
        self.book.end(record)
        return record

    def _read(self, source: ListedFile, started: float) -> ArchiveRecord:
        try:
            with self.source.local(source.name) as file:
                sha256 = _sha256(file)
                result = self.transcriber.run(file, _Silent())
        except OF_THE_PLACE:
            raise
        except Exception as error:  # noqa: BLE001 - any error of a recording is its record
            problem = (error if isinstance(error, AppError) else AppError()).problem
            event(_log, logging.ERROR, "archive_file_failed", exc_info=True, name=source.name, error=problem.code)
            return _failed(source, problem)
        outputs = tuple(self._outputs(source, result.transcript))
        seconds = time.monotonic() - started
        return _record(source, result.transcript, sha256, outputs, seconds, self.order.price_per_hour)

    def _outputs(self, source: ListedFile, transcript: Transcript) -> Iterator[ArchiveOutput]:
        for name in self.order.formats:
            form = find_format(name).styled(self.order.style)
            content = form.content(transcript, Path(source.name).name)
            target = f"{source.name}.{form.suffix}"
            self.output.write(target, content)
            yield ArchiveOutput(target, len(content), hashlib.sha256(content).hexdigest())


class _Silent:
    """No progress of a single recording is shown."""

    n = 0.0

    def reset(self, total: float | None = None) -> None:
        """Begin."""

    def update(self, n: float | None = 1) -> bool | None:
        self.n += n or 0.0
        return None


def _record(
    source: ListedFile,
    transcript: Transcript,
    sha256: str,
    outputs: tuple[ArchiveOutput, ...],
    seconds: float,
    price_per_hour: float | None,
) -> ArchiveRecord:
    return ArchiveRecord(
        source=source,
        state=READ,
        sha256=sha256,
        duration=transcript.duration,
        language=transcript.language or "",
        outputs=outputs,
        receipt=tuple(line.told() for line in transcript.receipt),
        warnings=tuple(map(str, transcript.warnings)),
        model=transcript.model or "",
        device=transcript.device or "",
        node=platform.node(),
        program=__version__,
        seconds_worked=seconds,
        cost=None if price_per_hour is None else price_per_hour * seconds / 3600,
    )


def _failed(source: ListedFile, problem: Problem) -> ArchiveRecord:
    return ArchiveRecord(source=source, state=FAILED, problem=problem, node=platform.node(), program=__version__)


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
