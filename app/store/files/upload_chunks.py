"""Files uploaded in chunks: data/uploads/<id> holds what has arrived of one. Knows nothing about rows.

Only the length stored after `sync` counts: anything after it may be half-written, and is truncated.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, Self

from app.atomic import sync_folder
from app.free_space import keep_reserve
from app.store.files.storage_errors import storage_errors


class GrowingFile(Protocol):
    """A file that is being uploaded."""

    size_bytes: int

    def write(self, chunk: bytes) -> None: ...

    def sync(self) -> int:
        """Store everything durably and return the length."""
        ...

    def close(self) -> None: ...


class PartialFile:
    """One growing file; call `close` when done."""

    def __init__(self, path: Path, size_bytes: int) -> None:
        self.size_bytes = size_bytes
        self._folder = path.parent
        with storage_errors(self._folder):
            is_new = not path.exists()
            self._file = path.open("w+b" if is_new else "r+b", buffering=0)
            try:
                self._file.truncate(size_bytes)
                self._file.seek(size_bytes)
                if is_new:
                    sync_folder(self._folder)
            except OSError:
                self.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def write(self, chunk: bytes) -> None:
        """Append `chunk`.

        Raises:
            DiskFull: there is no room for it.
        """
        rest = memoryview(chunk)
        try:
            with storage_errors(self._folder):
                keep_reserve(self._folder, len(rest))
                while rest:
                    rest = rest[self._file.write(rest) or 0 :]
        except BaseException:
            self._file.truncate(self.size_bytes)  # discard a partial chunk
            self._file.seek(self.size_bytes)
            raise
        self.size_bytes += len(chunk)

    def sync(self) -> int:
        """Flush everything to disk and return the length."""
        with storage_errors(self._folder):
            os.fsync(self._file.fileno())
        return self.size_bytes

    def close(self) -> None:
        self._file.close()


class UploadFiles:
    """The folder data/uploads. StoredUploads (store/objects) has the same in an object store."""

    is_shared = False
    """Whether other servers have it, too: then a fence in the row tells who goes on with an upload."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / "uploads"
        self._folder.mkdir(parents=True, exist_ok=True)
        sync_folder(data_dir)

    def path(self, id: str) -> Path:
        return self._folder / id

    def open(self, id: str, size_bytes: int, fence: int = 0) -> GrowingFile:  # noqa: ARG002 - of a shared store
        """Open a file to continue after its first `size_bytes`.

        Raises:
            DiskFull: there is no room for it.
        """
        return PartialFile(self.path(id), size_bytes)

    def length(self, id: str) -> int:
        """Return the current length of a file, synced or not."""
        path = self.path(id)
        return path.stat().st_size if path.exists() else 0

    @contextmanager
    def whole(self, id: str, size_bytes: int) -> Iterator[Path]:  # noqa: ARG002
        """Yield a finished file for the block."""
        yield self.path(id)

    def remove(self, id: str) -> None:
        self.path(id).unlink(missing_ok=True)

    def sweep(self, is_wanted: Callable[[str], bool]) -> None:
        """Remove files without a row: rows are created before their files, and removed before them."""
        for path in self._folder.iterdir():
            if not is_wanted(path.name):
                path.unlink(missing_ok=True)
