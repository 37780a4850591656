"""Files that are there whole or not at all, also after a power cut."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def appearing(target: Path, *, durable: bool = True) -> Iterator[Path]:
    """Give a name beside `target` to be written under; the file appears, whole, when the block ends well.

    `durable` waits for the disk; what can be made again, or is written every moment, need not survive a power cut.
    Two writers of one target must not overlap: callers hold a lock, or the target is new.
    """
    part = target.with_name(f".{target.name}.part")
    try:
        yield part
        if durable:
            sync_file(part)
        part.replace(target)
        if durable:
            sync_folder(target.parent)
    finally:
        part.unlink(missing_ok=True)


def write_atomically(target: Path, content: str | bytes, *, durable: bool = True) -> None:
    """Write `target` anew, or leave it as it was.

    Raises:
        OSError
    """
    with appearing(target, durable=durable) as part:
        part.write_bytes(content.encode() if isinstance(content, str) else content)


def sync_file(path: Path) -> None:
    """Put what was written to `path` on the disk."""
    _sync(path, 0)


def sync_folder(folder: Path) -> None:
    """Put the names in `folder` on the disk: without it a rename may be lost in a power cut."""
    _sync(folder, os.O_DIRECTORY)


def _sync(path: Path, kind: int) -> None:
    descriptor = os.open(path, os.O_RDONLY | kind)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
