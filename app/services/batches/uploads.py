"""How recordings get into batches: uploaded in resumable chunks, or copied from a folder on the server.

Acknowledged bytes are on disk and stay there; a complete file becomes a transcription (ingest.py).
One bad file never stops the others.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from app.domain.errors.people import QuotaReached
from app.domain.errors.uploads import EmptyFile, UploadNotFound, UploadOffsetConflict, UploadTooLarge
from app.domain.states import DesiredState, ItemState
from app.services.batches.batches import found_batch
from app.services.batches.ingest import Ingest
from app.services.batches.server_folder import Recording
from app.services.batches.upload_chunks import UploadChunk, UploadChunks
from app.services.transcriptions.job_queue import Queue
from app.store.database import Connection, Row
from app.store.files.upload_chunks import UploadFiles
from app.store.queries import batch_items, batches, transcriptions


@dataclass(frozen=True, slots=True)
class Upload:
    """A file being uploaded, and how much of it is safely stored."""

    id: str
    offset: int


class BatchUploads:
    """Uploads into all batches. Thread-safe."""

    def __init__(
        self,
        queue: Queue,
        uploads: UploadFiles,
        limit_bytes: Callable[[], int],
        model: Callable[[], str | None] = lambda: None,
    ) -> None:
        self.queue = queue
        self.uploads = uploads
        self.admission = Ingest(queue, limit_bytes, model)
        self._database = queue.database
        self._limit_bytes = limit_bytes
        self._slices = UploadChunks(queue.database, uploads)

    def announce(self, batch_id: str, name: str, size_bytes: int, modified_ms: int | None = None) -> Upload:
        """Return the upload of a file: the one already started, or a new one at the end of the list.

        Raises:
            BatchNotFound
            UploadTooLarge
        """
        limit = self._limit_bytes()
        if size_bytes > limit:
            raise UploadTooLarge(limit_mb=limit // 2**20)
        wanted = Recording(name.encode(errors="replace").decode(), size_bytes, modified_ms)
        with self._database.writing() as connection:
            batch = found_batch(connection, batch_id)
            if batch["wish"] == DesiredState.CANCEL:
                batches.wish(connection, batch_id, DesiredState.WORK)  # sending more resumes the batch
            return self._known(connection, batch_id, wanted) or listed(connection, batch_id, [wanted])[0]

    def offset(self, id: str) -> Upload:
        """Return how much of an upload is on disk. The caller has lost its connection, so that one is ended.

        Raises:
            UploadNotFound
        """
        with self._database.reading() as connection:
            _refuse_foreign(connection, id)
        self._slices.end(id)
        with self._database.reading() as connection:
            row = _wanted(connection, id)
        return Upload(id, self._held_bytes(row))

    @contextmanager
    def slice(self, id: str, offset: int) -> Iterator[UploadChunk]:
        """Receive what follows byte `offset`; when the block ends, it is on disk and counted.

        Raises:
            UploadNotFound: it was cancelled, or its batch is gone.
            UploadOffsetConflict: a different number of bytes is on disk.
        """
        with self._database.reading() as connection:
            _refuse_foreign(connection, id)
        self._slices.end(id)
        with self._database.reading() as connection:
            row = _wanted(connection, id)
        held = self._held_bytes(row)
        if offset != held or row["state"] != ItemState.UPLOADING:
            raise UploadOffsetConflict(offset=held)
        with self._slices.begun(row, held) as begun:
            yield begun

    def take_in(self, id: str) -> None:
        """Turn an upload into a transcription if it is complete.

        Raises:
            DiskFull, DatabaseUnusable: the upload is unchanged and retried later.
        """
        with self._database.reading() as connection:
            row = batch_items.find(connection, id)
        if row is None or row["state"] != ItemState.UPLOADING or row["received_bytes"] != row["size_bytes"]:
            return
        try:
            with self.uploads.whole(id, row["size_bytes"]) as file:
                self.admission.admit(row, lambda incoming: incoming.adopt(file))
        except QuotaReached:
            return  # the upload is kept for another try
        self.uploads.remove(id)

    def give_up(self, id: str) -> None:
        """Remove a file from the list that has not become a transcription.

        Raises:
            UploadNotFound: it has already become one.
        """
        with self._database.reading() as connection:
            _refuse_foreign(connection, id)
        self._slices.end(id)
        with self._database.writing() as connection:
            row = batch_items.find(connection, id)
            if row is None or row["transcription_id"]:
                raise UploadNotFound(id=id)
            batch_items.remove(connection, id)
        self.uploads.remove(id)

    def add_files(self, batch_id: str, recordings: Sequence[Recording]) -> None:
        """Append server-side files to a batch; they are copied one after the other (importer.py).

        Raises:
            BatchNotFound
        """
        with self._database.writing() as connection:
            found_batch(connection, batch_id)
            listed(connection, batch_id, recordings)

    def _known(self, connection: Connection, batch_id: str, wanted: Recording) -> Upload | None:
        """Return the upload of the same file; an abandoned one is restarted."""
        for row in batch_items.named(connection, batch_id, wanted.name):
            if not wanted.is_same(row["size_bytes"], row["modified_ms"]) or not wanted.size_bytes:
                continue
            if row["state"] == ItemState.UPLOADING or _is_there(connection, row):
                return Upload(row["id"], self._held_bytes(row))
            if row["state"] != ItemState.REMOVED:
                again = {"state": ItemState.UPLOADING, "received_bytes": 0, "error": None}
                batch_items.change(connection, row["id"], **again, duplicate_of=None, updated_at=datetime.now(UTC))
                return Upload(row["id"], 0)
        return None

    def _held_bytes(self, row: Row) -> int:
        """Return the acknowledged bytes, as far as they are still on disk."""
        if row["state"] != ItemState.UPLOADING:
            return int(row["size_bytes"])
        return min(int(row["received_bytes"]), self.uploads.length(row["id"]))


def listed(connection: Connection, batch_id: str, wanted: Sequence[Recording]) -> list[Upload]:
    """Append files to a batch; empty ones are stored as failed."""
    rows: list[Row] = [
        {
            "id": secrets.token_hex(8),
            "name": each.name,
            "size_bytes": each.size_bytes,
            "modified_ms": each.modified_ms,
            "state": ItemState.UPLOADING if each.size_bytes else ItemState.FAILED,
            "error": None if each.size_bytes else EmptyFile(name=each.name).problem.to_dict(),
            "origin": each.origin if each.size_bytes else None,
            "updated_at": datetime.now(UTC),
        }
        for each in wanted
    ]
    batch_items.add(connection, batch_id, rows)
    return [Upload(row["id"], 0) for row in rows]


def _wanted(connection: Connection, id: str) -> Row:
    """Return the row of an upload that is on its way or has arrived."""
    row = batch_items.find(connection, id)
    is_gone = row is None or batches.find(connection, row["batch_id"]) is None
    if row is None or is_gone or (row["state"] == ItemState.CANCELLED and not row["transcription_id"]):
        raise UploadNotFound(id=id)
    return row


def _refuse_foreign(connection: Connection, id: str) -> None:
    """Refuse what is in no batch of the current actor."""
    row = batch_items.find(connection, id)
    if row is None or batches.find(connection, row["batch_id"]) is None:
        raise UploadNotFound(id=id)


def _is_there(connection: Connection, row: Row) -> bool:
    """Return whether the content of an item is kept in some transcription."""
    if row["state"] == ItemState.REMOVED:
        return False
    there = row["transcription_id"] or row["duplicate_of"]
    return there is not None and transcriptions.find(connection, there) is not None
