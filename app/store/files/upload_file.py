"""An incoming recording: hashed while it is written, and invisible until it is complete and on disk."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from pathlib import Path
from typing import Self

from app.atomic import sync_file, sync_folder
from app.domain.errors.uploads import UploadTooLarge
from app.free_space import keep_reserve
from app.locks import hold_new
from app.store.files.storage_errors import storage_errors

SOURCE_STEM = "source"
_HARMLESS_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,8}")


class UploadFile:
    """A file in its own folder, locked until `close`, so that no sweep takes it for a leftover."""

    def __init__(self, folder: Path, name: str, limit_bytes: int) -> None:
        self.name = name
        self.size_bytes = 0
        self.folder = folder
        self._limit_bytes = limit_bytes
        self._hash = hashlib.sha256()
        self._settled = False
        with storage_errors(folder.parent):
            self._lock = hold_new(folder, folder=True)
            try:
                self._file = (folder / f"{SOURCE_STEM}{self.suffix}").open("xb", buffering=0)
            except OSError:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(self._lock)
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_failure: object) -> None:
        self.close()

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    @property
    def suffix(self) -> str:
        """The lower-case extension with its dot if harmless; otherwise empty."""
        suffix = Path(self.name).suffix
        return suffix.lower() if _HARMLESS_SUFFIX.fullmatch(suffix) else ""

    def write(self, chunk: bytes) -> None:
        """Append `chunk`.

        Raises:
            UploadTooLarge: the file exceeds its limit.
            DiskFull: there is no room for it.
        """
        self.size_bytes += len(chunk)
        if self.size_bytes > self._limit_bytes:
            raise UploadTooLarge(limit_mb=self._limit_bytes // 2**20)
        self._hash.update(chunk)
        rest = memoryview(chunk)
        with storage_errors(self.folder.parent):
            keep_reserve(self.folder, len(rest))
            while rest:
                rest = rest[self._file.write(rest) or 0 :]

    def adopt(self, path: Path) -> None:
        """Take over the content of a finished file, without copying if the file system allows it.

        Raises:
            DiskFull: there is no room for it.
        """
        target = self.folder / f"{SOURCE_STEM}{self.suffix}"
        with storage_errors(self.folder.parent):
            self._file.close()
            target.unlink()
            link_or_copy(path, target)
            self._file = target.open("r+b", buffering=0)
        self._hash = hashlib.file_digest(self._file, "sha256")
        self.size_bytes = target.stat().st_size

    def move_into_place(self, target: Path) -> None:
        """Flush the file and move its folder to `target`: after a power cut it is complete or absent.

        Raises:
            DiskFull: there is no room for it.
        """
        with storage_errors(self.folder.parent):
            os.fsync(self._file.fileno())
            sync_folder(self.folder)
            self.folder.rename(target)
            self._settled = True
            try:
                sync_folder(target.parent)
            except OSError:  # refused, so it must not be there
                shutil.rmtree(target, ignore_errors=True)
                raise

    def close(self) -> None:
        """Close the file; it is removed unless it was moved into place."""
        self._file.close()
        if not self._settled:
            shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self._lock)


def link_or_copy(source: Path, target: Path) -> None:
    """Hard-link `source`; copy it if the file system has no hard links."""
    try:
        target.hardlink_to(source)
    except OSError:
        keep_reserve(target.parent, source.stat().st_size)
        shutil.copyfile(source, target)
        sync_file(target)
