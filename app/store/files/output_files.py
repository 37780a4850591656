"""Output files outside the data folder, written atomically."""

from __future__ import annotations

import hashlib
from pathlib import Path

from app.atomic import write_atomically
from app.store.files.storage_errors import storage_errors

LONGEST_NAME_BYTES = 255 - len(".") - len(".part")  # limit of common file systems, minus the affixes of a partial file


def write_whole(target: Path, content: str | bytes) -> Path:
    """Write a file atomically and return its path: a name too long for file systems is shortened.

    Raises:
        DiskFull, FolderUnwritable, FolderReadOnly, FolderMissing, StorageBroken, TooManyOpenFiles
    """
    target = target.with_name(shortened(target.name))
    with storage_errors(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(target, content)
    return target


def shortened(name: str) -> str:
    """Return a name that fits file system limits: the middle of a longer one is replaced by a hash of the whole.

    >>> shortened("talk.wav.txt")
    'talk.wav.txt'
    """
    if len(name.encode()) <= LONGEST_NAME_BYTES:
        return name
    ending = "".join(Path(name).suffixes[-2:])[-40:]
    mark = f"~{hashlib.sha256(name.encode()).hexdigest()[:8]}{ending}"
    kept = name.encode()[: LONGEST_NAME_BYTES - len(mark.encode())].decode(errors="ignore")
    return kept + mark
