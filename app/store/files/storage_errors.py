"""Converts OSErrors of files to errors with cause and remedy: a full disk is not a missing permission."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.domain.errors.base import AppError
from app.domain.errors.setup import (
    FolderMissing,
    FolderReadOnly,
    FolderUnwritable,
    NameTooLong,
    StorageBroken,
    TooManyOpenFiles,
)
from app.domain.errors.uploads import DiskFull

KINDS: dict[int, type[AppError]] = {
    errno.ENOSPC: DiskFull,
    errno.EDQUOT: DiskFull,
    errno.EFBIG: DiskFull,
    errno.EROFS: FolderReadOnly,
    errno.EIO: StorageBroken,
    errno.EMFILE: TooManyOpenFiles,
    errno.ENFILE: TooManyOpenFiles,
    errno.ENAMETOOLONG: NameTooLong,
    errno.ENOENT: FolderMissing,
}


@contextmanager
def storage_errors(folder: Path) -> Iterator[None]:
    """Convert an OSError on files below `folder` to an AppError."""
    try:
        yield
    except OSError as error:
        raise storage_error(error, folder) from error


def storage_error(error: OSError, folder: Path) -> AppError:
    """Return the error for a failed access to something below `folder`."""
    kind = KINDS.get(error.errno or 0, FolderUnwritable)
    return kind(folder=str(folder), reason=error.strerror or str(error))
