"""A watched folder: its recordings form one batch, and the transcripts are written to another folder.

What was seen and written is stored with the batch, so a killed and restarted process neither loses a recording nor
transcribes one twice. Nothing in the watched folder is changed.
"""

from __future__ import annotations

import hashlib
import logging
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from app.domain.errors.base import AppError, Problem
from app.domain.errors.batches import BatchNotFound, FolderWatched
from app.domain.errors.transcriptions import NotFinished, TranscriptionNotFound
from app.domain.options import TranscriptionOptions
from app.domain.states import JobState
from app.domain.transcript import Transcript
from app.formats import Format
from app.locks import unless_held
from app.logging import event
from app.services.batches.batches import Batches, BatchState, ItemState
from app.services.batches.records import BatchItem, item_from
from app.services.batches.server_folder import Recording, display, is_recording, natural
from app.services.batches.uploads import BatchUploads
from app.services.transcriptions.job_queue import Queue
from app.store.files.output_files import shortened, write_whole
from app.store.queries import batch_items, batches

ERROR_ENDING = "error.txt"
AT_ONCE = 200

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WatchOrder:
    """What to watch, with which options, and where the output goes."""

    folder: Path
    output: Path
    formats: tuple[Format, ...]
    options: TranscriptionOptions
    settle_seconds: float
    """A file unchanged for this long is considered complete."""


@dataclass(slots=True)
class Sight:
    """A file as last seen, and since when it has been unchanged."""

    recording: Recording
    since: float


@dataclass
class Watch:
    """Scans the folder on each `scan` and writes finished transcripts; `tell` is called for each file."""

    order: WatchOrder
    queue: Queue
    book: Batches
    batch_uploads: BatchUploads
    report_result: Callable[[str, Problem | None], None]
    clock: Callable[[], float] = time.monotonic
    failures: int = 0
    _seen: dict[str, Sight] = field(default_factory=dict)
    _known: dict[str, Recording] = field(default_factory=dict)
    _batch: str = ""

    @contextmanager
    def alone(self, data_dir: Path) -> Iterator[None]:
        """Prevent other processes from watching the same folder for the same data folder during the block.

        Raises:
            FolderWatched: another process does.
        """
        name = hashlib.sha256(str(self.order.folder.resolve()).encode()).hexdigest()[:16]
        lock = data_dir / f"watch-{name}.lock"
        lock.touch()
        with unless_held(lock) as is_free:
            if not is_free:
                raise FolderWatched(folder=str(self.order.folder))
            self._open()
            yield

    def scan(self) -> None:
        """Ingest new, complete recordings and write the transcripts of finished ones."""
        found = self._files()
        new = [recording for recording in found if self._is_complete(recording) and self._is_new(recording)]
        if new:
            self._take_in(new)
        self._deliver()

    @property
    def is_idle(self) -> bool:
        """Return whether everything in the folder has been ingested, transcribed and written."""
        if any(self._is_new(sight.recording) for sight in self._seen.values()):
            return False
        batch = self.book.get(self._batch)
        with self.queue.database.reading() as connection:
            waits = batch_items.undelivered(connection, self._batch, -1, 1)
        return not waits and (batch.state is not BatchState.RUNNING or not batch.counts["total"])

    def _open(self) -> None:
        """Find or create the batch of the folder."""
        folder = str(self.order.folder.resolve())
        batch = self.book.of_folder(folder)
        if batch is None:
            batch = self.book.create(self.order.folder.resolve().name, self.order.options, folder)
        with self.queue.database.writing() as connection:
            batches.set_options(connection, batch.id, self.order.options.to_dict())
            for row in batch_items.files_known(connection, batch.id):
                self._known[row["name"]] = Recording(row["name"], row["size_bytes"], row["modified_ms"])
        self._batch = batch.id

    # Reading

    def _files(self) -> list[Recording]:
        """Return the recordings in the folder, in natural order; links are not followed."""
        output = self.order.output.resolve()
        found = []
        for place, folders, names in os.walk(self.order.folder.resolve()):
            folders[:] = [each for each in folders if not each.startswith(".") and Path(place, each) != output]
            found += [recording for name in names if (recording := self._recording(Path(place, name)))]
        gone = self._seen.keys() - {recording.name for recording in found}
        for name in gone:
            del self._seen[name]
        return sorted(found, key=lambda recording: natural(recording.name))

    def _recording(self, path: Path) -> Recording | None:
        if not is_recording(path.name):
            return None
        try:
            facts = path.lstat()
        except OSError:  # gone since it was listed
            return None
        if not stat.S_ISREG(facts.st_mode):
            return None
        name = display(path.relative_to(self.order.folder.resolve()))
        return Recording(name, facts.st_size, facts.st_mtime_ns // 1_000_000, path)

    def _is_complete(self, recording: Recording) -> bool:
        now = self.clock()
        sight = self._seen.get(recording.name)
        if sight is None or sight.recording != recording:
            sight = self._seen[recording.name] = Sight(recording, now)
        return now - sight.since >= self.order.settle_seconds

    def _is_new(self, recording: Recording) -> bool:
        known = self._known.get(recording.name)
        if known is not None:
            return not known.is_same(recording.size_bytes, recording.modified_ms)
        return not self._is_written(recording)

    def _is_written(self, recording: Recording) -> bool:
        """Return whether its transcripts exist and are newer, possibly written from another data folder."""
        try:
            ages = [self._target(recording.name, form.suffix).stat().st_mtime for form in self.order.formats]
        except OSError:
            return False
        return min(ages) * 1000 >= (recording.modified_ms or 0)

    def _take_in(self, new: list[Recording]) -> None:
        try:
            self.batch_uploads.add_files(self._batch, new)
        except BatchNotFound:  # deleted on the page: what was seen stays marked as seen
            self._open()
            self.batch_uploads.add_files(self._batch, new)
        self._known.update((recording.name, recording) for recording in new)
        event(_log, logging.INFO, "watch_found", batch=self._batch, count=len(new))

    # Writing

    def _deliver(self) -> None:
        last = -1
        while True:
            with self.queue.database.reading() as connection:
                rows = batch_items.undelivered(connection, self._batch, last, AT_ONCE)
            for row in rows:
                try:
                    self._deliver_one(item_from(row), row["told_state"])
                except AppError as error:  # disk full, folder missing: the next scan tries again
                    event(_log, logging.ERROR, "watch_cannot_write", item=row["id"], error=error.problem.code)
            if len(rows) < AT_ONCE:
                return
            last = rows[-1]["position"]

    def _deliver_one(self, item: BatchItem, told_state: str | None) -> None:
        is_copy = item.state is ItemState.DUPLICATE
        if is_copy and told_state in (JobState.QUEUED, JobState.RUNNING):
            return  # the original gets the transcript
        with self.queue.database.reading() as connection:
            is_newest = batch_items.named(connection, self._batch, item.name)[-1]["id"] == item.id
        if is_newest:
            self._write(item, self._transcript(item))
        with self.queue.database.writing() as connection:
            batch_items.deliver(connection, item.id)

    def _transcript(self, item: BatchItem) -> Transcript | None:
        if item.source_id is None or item.state not in (ItemState.SUCCEEDED, ItemState.DUPLICATE):
            return None
        try:
            return self.queue.transcript(item.source_id)
        except (NotFinished, TranscriptionNotFound):
            return None

    def _write(self, item: BatchItem, transcript: Transcript | None) -> None:
        complaint = self._target(item.name, ERROR_ENDING)
        if transcript is None:
            problem = item.error or NotFinished(state=item.state.value).problem
            told = problem.explained()
            write_whole(complaint, f"{told['message']} [{told['code']}]\n{told['advice']}\n")
            event(_log, logging.ERROR, "watch_failed", item=item.id, name=item.name, error=problem.code)
            self.failures += 1
            self.report_result(item.name, problem)
            return
        for form in self.order.formats:
            write_whole(self._target(item.name, form.suffix), form.content(transcript, item.name))
        complaint.unlink(missing_ok=True)
        event(_log, logging.INFO, "watch_written", item=item.id, name=item.name)
        self.report_result(item.name, None)

    def _target(self, name: str, ending: str) -> Path:
        path = self.order.output / f"{name}.{ending}"
        return path.with_name(shortened(path.name))
