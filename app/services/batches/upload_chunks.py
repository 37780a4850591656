"""Upload chunks being written to disk: one at a time per upload, whichever connection sends it.

A broken connection may look alive to the server for minutes. So the next connection ends it: what it sent so far is
stored and counted first, and what it still sends is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Lock

from app.domain.errors.base import N_
from app.domain.errors.requests import InvalidParameter
from app.domain.errors.uploads import UploadOffsetConflict
from app.store.database import Connection, Database, Row
from app.store.files.upload_chunks import GrowingFile, UploadFiles
from app.store.queries import batch_items


class UploadChunk:
    """The part of an upload sent by one request."""

    def __init__(self, database: Database, id: str, file: GrowingFile, size_bytes: int, fence: int | None) -> None:
        self.id = id
        self._fence = fence
        self._database = database
        self._file = file
        self._size_bytes = size_bytes
        self._lock = Lock()
        self._is_over = False

    @property
    def received_bytes(self) -> int:
        """Of the whole upload."""
        return self._file.size_bytes

    @property
    def is_complete(self) -> bool:
        return self._file.size_bytes == self._size_bytes

    def write(self, chunk: bytes) -> None:
        """Append `chunk`.

        Raises:
            UploadOffsetConflict: another connection has taken over.
            InvalidParameter: more data than announced.
            DiskFull
        """
        with self._lock:
            if self._is_over:
                raise UploadOffsetConflict(offset=self._file.size_bytes)
            if self._file.size_bytes + len(chunk) > self._size_bytes:
                raise InvalidParameter(name="body", reason=N_("it is longer than the file that was announced"))
            self._file.write(chunk)

    def end(self) -> None:
        """Flush what arrived to disk and count it; calling it again does nothing.

        Raises:
            UploadOffsetConflict: another server goes on with the upload.
        """
        with self._lock:
            if self._is_over:
                return
            self._is_over = True
            try:
                received = self._file.sync()
                with self._database.writing() as connection:
                    is_mine = batch_items.receive(connection, self.id, received, datetime.now(UTC), self._fence)
                    if self._fence is not None and not is_mine:
                        raise UploadOffsetConflict(offset=_counted(connection, self.id))
            finally:
                self._file.close()


class UploadChunks:
    """The chunks being received now."""

    def __init__(self, database: Database, uploads: UploadFiles) -> None:
        self._database = database
        self._uploads = uploads
        self._lock = Lock()
        self._begun: dict[str, UploadChunk] = {}

    @contextmanager
    def begun(self, row: Row, held_bytes: int) -> Iterator[UploadChunk]:
        """Resume the upload of `row` after its first `held_bytes`; when the block ends, everything is on disk."""
        id = row["id"]
        fence = self._fence(row)
        with self._lock:
            if id in self._begun:  # two arrived at the same time and the other was first
                raise UploadOffsetConflict(offset=held_bytes)
            file = self._uploads.open(id, held_bytes, fence or 0)
            begun = UploadChunk(self._database, id, file, row["size_bytes"], fence)
            self._begun[id] = begun
        try:
            yield begun
        finally:
            try:
                begun.end()
            finally:
                self._forget(begun)

    def _fence(self, row: Row) -> int | None:
        """Keep other servers from going on with an upload; None where there are none."""
        if not self._uploads.is_shared:
            return None
        with self._database.writing() as connection:
            fence = batch_items.take_over(connection, row["id"], row["received_bytes"])
            if fence is None:
                raise UploadOffsetConflict(offset=_counted(connection, row["id"]))
        return fence

    def end(self, id: str) -> None:
        """End the connection that is sending a chunk of this upload, if any."""
        with self._lock:
            begun = self._begun.get(id)
        if begun:
            begun.end()
            self._forget(begun)

    def _forget(self, begun: UploadChunk) -> None:
        with self._lock:
            if self._begun.get(begun.id) is begun:
                del self._begun[begun.id]


def _counted(connection: Connection, id: str) -> int:
    row = batch_items.find(connection, id)
    return int(row["received_bytes"]) if row else 0
