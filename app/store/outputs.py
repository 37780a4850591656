"""Files for people, outside of the data folder: each is there whole, or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from app.errors import DiskFull, FolderUnwritable


def write_whole(target: Path, content: str | bytes) -> None:
    """Write beside the target and rename, so that nobody ever finds half a text.

    Raises:
        DiskFull
        FolderUnwritable
    """
    part = target.with_name(f".{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as stream:
            stream.write(content.encode() if isinstance(content, str) else content)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(target)
    except OSError as error:
        part.unlink(missing_ok=True)
        if error.errno == errno.ENOSPC:
            raise DiskFull(folder=str(target.parent)) from error
        raise FolderUnwritable(folder=str(target.parent), reason=error.strerror) from error
