"""Atomic file writes, which also survive a power cut."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def appearing(target: Path, *, durable: bool = True) -> Iterator[Path]:
    """Yield a temporary name beside `target`; the file appears atomically when the block succeeds.

    `durable` waits for the disk; what can be recreated, or is rewritten constantly, need not survive a power cut.
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
    """Write `target` atomically, or leave it unchanged.

    Raises:
        OSError
    """
    with appearing(target, durable=durable) as part:
        part.write_bytes(content.encode() if isinstance(content, str) else content)


def sync_file(path: Path) -> None:
    """Flush `path` to disk."""
    _sync(path, 0)


def sync_folder(folder: Path) -> None:
    """Flush the entries of `folder` to disk: otherwise a power cut may undo a rename."""
    _sync(folder, os.O_DIRECTORY)


def _sync(path: Path, kind: int) -> None:
    descriptor = os.open(path, os.O_RDONLY | kind)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
