"""Files that arrive in pieces: data/uploads/<id> holds what has come of one so far. It knows no rows.

Only the length that was stored after `sync` counts: what lies behind it may be half-written, and is cut off.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from app.atomic import sync_folder
from app.locks import unless_held
from app.store.files.storage_errors import storage_errors


class PartialFile:
    """One file that grows; it is closed by `close`."""

    def __init__(self, path: Path, size_bytes: int) -> None:
        self.size_bytes = size_bytes
        self._folder = path.parent
        with storage_errors(self._folder):
            is_new = not path.exists()
            self._file = path.open("w+b" if is_new else "r+b", buffering=0)
            self._file.truncate(size_bytes)
            self._file.seek(size_bytes)
            if is_new:
                sync_folder(self._folder)

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
                while rest:
                    rest = rest[self._file.write(rest) or 0 :]
        except BaseException:
            self._file.truncate(self.size_bytes)  # a part of a chunk is nothing
            self._file.seek(self.size_bytes)
            raise
        self.size_bytes += len(chunk)

    def sync(self) -> int:
        """Put everything on the disk and return how much that is."""
        with storage_errors(self._folder):
            os.fsync(self._file.fileno())
        return self.size_bytes

    def close(self) -> None:
        self._file.close()


class UploadFiles:
    """The folder data/uploads."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / "uploads"
        self._folder.mkdir(parents=True, exist_ok=True)
        sync_folder(data_dir)

    def path(self, id: str) -> Path:
        return self._folder / id

    def open(self, id: str, size_bytes: int) -> PartialFile:
        """Open a file to go on behind its first `size_bytes`.

        Raises:
            DiskFull: there is no room for it.
        """
        return PartialFile(self.path(id), size_bytes)

    def length(self, id: str) -> int:
        """Return how much of a file is there, synced or not."""
        path = self.path(id)
        return path.stat().st_size if path.exists() else 0

    def remove(self, id: str) -> None:
        self.path(id).unlink(missing_ok=True)

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Return whether no other process is inside such a block at this time."""
        with unless_held(self._folder) as is_alone:
            yield is_alone

    def sweep(self, is_wanted: Callable[[str], bool]) -> None:
        """Remove files that nobody waits for: their row comes before them, and goes before them."""
        for path in self._folder.iterdir():
            if not is_wanted(path.name):
                path.unlink(missing_ok=True)
