"""Files uploaded in chunks to an object store: any server goes on with an upload that another has begun.

uploads/<id>/<first byte>-<fence>    a piece; only the length in the row counts (pieces.py)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from app.domain.errors.object_store import StoreUnusable
from app.free_space import keep_reserve
from app.store.files.scratch import scratch
from app.store.files.storage_errors import storage_errors
from app.store.files.upload_chunks import UploadFiles
from app.store.objects.bucket import PIECE_BYTES, Bucket
from app.store.objects.pieces import Pieces

UPLOADS = "uploads"


class PartialObjects:
    """One growing file: what follows its first bytes is stored piece by piece."""

    def __init__(self, pieces: Pieces, size_bytes: int, fence: int) -> None:
        self.size_bytes = size_bytes
        self._pieces = pieces
        self._fence = fence
        self._waiting = bytearray()
        self._failure: StoreUnusable | None = None

    def write(self, chunk: bytes) -> None:
        """Append `chunk`.

        Raises:
            StoreUnusable: the upload goes on after the last `sync`.
        """
        self._waiting += chunk
        self.size_bytes += len(chunk)
        if len(self._waiting) >= PIECE_BYTES:
            self._store()

    def sync(self) -> int:
        """Store everything and return the length."""
        if self._waiting or self._failure:
            self._store()
        return self.size_bytes

    def _store(self) -> None:
        if self._failure:  # what follows a gap is worth nothing
            raise self._failure
        try:
            self._pieces.put(self.size_bytes - len(self._waiting), self._fence, bytes(self._waiting))
        except StoreUnusable as error:
            self._failure = error
            raise
        self._waiting.clear()

    def close(self) -> None:
        self._waiting.clear()


class StoredUploads(UploadFiles):
    """The uploads in a bucket."""

    is_shared = True

    def __init__(self, data_dir: Path, bucket: Bucket) -> None:
        super().__init__(data_dir)
        self._data_dir = data_dir
        self._bucket = bucket

    def open(self, id: str, size_bytes: int, fence: int = 0) -> PartialObjects:
        """Open a file to continue after its first `size_bytes`."""
        return PartialObjects(self._pieces(id), size_bytes, fence)

    def length(self, id: str) -> int:
        """Return the length of what is stored, counted by the row or not."""
        return self._pieces(id).length

    @contextmanager
    def whole(self, id: str, size_bytes: int) -> Iterator[Path]:
        """Yield a local copy for the block.

        Raises:
            DiskFull: there is no room for it.
        """
        with scratch(self._data_dir) as folder:
            path = folder / id
            with storage_errors(folder), path.open("xb") as file:
                keep_reserve(folder, size_bytes)
                for content in self._pieces(id).read(size_bytes):
                    file.write(content)
            yield path

    def remove(self, id: str) -> None:
        self._pieces(id).remove()

    def sweep(self, is_wanted: Callable[[str], bool]) -> None:
        """Remove files without a row: rows are created before their files, and removed before them."""
        for id in self._bucket.folders(UPLOADS):
            if not is_wanted(id):
                self.remove(id)

    def _pieces(self, id: str) -> Pieces:
        return Pieces(self._bucket, f"{UPLOADS}/{id}")
