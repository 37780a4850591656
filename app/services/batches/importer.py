"""Copies server-side files into batches and removes abandoned uploads.

One process at a time does this for all that share the database; if it dies, another takes over.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import BinaryIO

from app.domain.errors.audio import FileUnreadable
from app.domain.errors.base import AppError, Problem
from app.domain.errors.people import QuotaReached
from app.domain.errors.uploads import EmptyFile, UploadAbandoned, UploadTooLarge
from app.domain.states import ItemState
from app.logging import event
from app.services.batches.ingest import end_arrival
from app.services.batches.server_folder import display, open_below, path_of
from app.services.batches.uploads import BatchUploads
from app.store.database import Row
from app.store.files.upload_file import UploadFile
from app.store.queries import batch_items, batches

TASK = "import"  # one process imports for all that share the database
KEEP_DAYS = 7  # after which an upload that nobody resumes is removed
LOOK_SECONDS = 2.0  # between checks for files that another process has listed
SETTLING = timedelta(seconds=60)  # an upload is ingested by its receiver, unless that takes longer
SWEEP = timedelta(hours=1)
AT_ONCE = 100
BLOCK_BYTES = 1 << 20

_log = logging.getLogger(__name__)


class BatchImporter:
    """Runs in its own thread during `running`."""

    def __init__(
        self, batch_uploads: BatchUploads, import_root: Path | None, chores: Sequence[Callable[[], None]] = ()
    ) -> None:
        self._batch_uploads = batch_uploads
        self._queue = batch_uploads.queue
        self._database = batch_uploads.queue.database
        self._import_root = import_root
        self.watched: str | None = None
        """The folder whose files only this process imports: other processes may not see it."""
        self._chores = chores
        self._stopping = Event()
        self._wake = Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        thread = Thread(target=self._work, name="batch-importer", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            self._wake.set()
            thread.join(timeout=5)

    def call(self) -> None:
        """Announce that there is something to import."""
        self._wake.set()

    def _work(self) -> None:
        received_before, sweep_at = datetime.now(UTC), datetime.now(UTC)
        while not self._stopping.is_set():
            self._wake.clear()
            now = datetime.now(UTC)
            is_busy = False
            try:
                with self._database.alone_with(TASK) as is_alone:
                    if is_alone and now >= sweep_at:
                        sweep_at = now + SWEEP
                        self._clear_up(now)
                    is_busy = is_alone and self._carry(received_before)
            except (AppError, OSError):  # a locked database, a full disk: the next round tries again
                event(_log, logging.WARNING, "import_waits", exc_info=True)
            received_before = max(received_before, now - SETTLING)
            if not is_busy:
                self._wake.wait(LOOK_SECONDS)

    def _carry(self, received_before: datetime) -> bool:
        """Import some of what is ready; return whether there was anything."""
        imports, watched = self._import_root is not None, self.watched
        with self._database.reading() as connection:
            rows = batch_items.ready(connection, received_before, AT_ONCE, imports=imports, watched=watched)
            folders = {row["batch_id"]: batches.find(connection, row["batch_id"]) for row in rows}
        for row in rows:
            if self._stopping.is_set():
                break
            root = self._root(folders[row["batch_id"]])
            if row["origin"] is None or root is None:
                self._batch_uploads.take_in(row["id"])
            else:
                self._copy(row, root)
        return bool(rows)

    def _root(self, batch: Row | None) -> Path | None:
        folder = batch["folder"] if batch else None
        return Path(folder) if folder else self._import_root

    def _copy(self, row: Row, root: Path) -> None:
        """Copy a server-side file; an unreadable file fails only its own item."""

        def fill(incoming: UploadFile) -> None:
            path = path_of(row["origin"])
            with open_below(root, path) as file:
                while block := _read(file, path):
                    incoming.write(block)

        try:
            self._batch_uploads.admission.admit(row, fill)
        except QuotaReached:
            return  # the item says so, and can be tried again
        except (EmptyFile, FileUnreadable, UploadTooLarge) as error:
            self._fail(row["id"], error.problem)

    def _fail(self, id: str, problem: Problem) -> None:
        end_arrival(self._queue, id, state=ItemState.FAILED, error=problem.to_dict(), received_bytes=0)
        event(_log, logging.WARNING, "arrival_failed", item=id, error=problem.code)

    def _clear_up(self, now: datetime) -> None:
        with self._database.reading() as connection:
            abandoned = batch_items.abandoned(connection, now - timedelta(days=KEEP_DAYS))
        for id in abandoned:
            self._fail(id, UploadAbandoned(days=KEEP_DAYS).problem)
        self._batch_uploads.uploads.sweep(self._keeps_upload)
        for chore in self._chores:
            chore()

    def _keeps_upload(self, id: str) -> bool:
        with self._database.reading() as connection:
            return batch_items.keeps_upload(connection, id)


def _read(file: BinaryIO, path: Path) -> bytes:
    try:
        return file.read(BLOCK_BYTES)
    except OSError as error:  # a failing disk or network
        raise FileUnreadable(file=display(path), reason=error.strerror) from error
