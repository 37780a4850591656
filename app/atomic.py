"""Atomic file writes, which also survive a power cut."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OPEN_FILES = "/proc/self/fd"


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


@contextmanager
def appearing_from_nowhere(target: Path) -> Iterator[Path]:
    """Like `appearing`, but a process that is killed leaves nothing beside `target`, where the system can do that.

    For targets in a person's folder, which no start of the program sweeps. The file has no name until it is complete.
    """
    try:
        unnamed = os.open(target.parent, os.O_TMPFILE | os.O_RDWR, 0o600)
    except (AttributeError, OSError):  # not Linux, or a file system without unnamed files
        with appearing(target) as part:
            yield part
        return
    try:
        yield Path(f"{OPEN_FILES}/{unnamed}")
        os.fsync(unnamed)
        with appearing(target) as part:
            part.unlink(missing_ok=True)  # left by an older version
            _name(unnamed, part)
    finally:
        os.close(unnamed)


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


def _name(unnamed: int, path: Path) -> None:
    folder = os.open(OPEN_FILES, os.O_RDONLY)
    try:  # only with a folder, Python lets the system follow the link to the open file
        os.link(str(unnamed), path, src_dir_fd=folder, follow_symlinks=True)
    finally:
        os.close(folder)


def _sync(path: Path, kind: int) -> None:
    descriptor = os.open(path, os.O_RDONLY | kind)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
