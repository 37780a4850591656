"""A part of the disk that the program leaves free, for the database and the texts: what is large asks here first."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

FREE_BYTES_KEPT = 200 << 20
SHARE_KEPT = 0.1  # of a disk smaller than two gigabytes


def keep_reserve(folder: Path, coming_bytes: int = 0) -> None:
    """Refuse to write `coming_bytes` more below `folder` where that would take the reserve.

    Raises:
        OSError: as of a full disk.
    """
    if not has_room(folder, coming_bytes):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))


def has_room(folder: Path, coming_bytes: int = 0) -> bool:
    """Return whether the reserve stays free; true on network file systems that do not report their size."""
    usage = shutil.disk_usage(folder)
    kept = min(FREE_BYTES_KEPT, usage.total * SHARE_KEPT)
    return usage.total == 0 or usage.free - coming_bytes >= kept
