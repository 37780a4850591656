"""File locks that the kernel releases when their owner exits, however it exits."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def hold_new(path: Path, *, folder: bool = False) -> int:
    """Create a file or folder and lock it until the returned descriptor is closed, even if renamed.

    A sweep may remove it between creation and locking: then it is created again.
    """
    while True:
        path.mkdir() if folder else path.touch(exist_ok=False)
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        except OSError:
            path.rmdir() if folder else path.unlink(missing_ok=True)
            raise
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if _is_at(descriptor, path):
            return descriptor
        os.close(descriptor)


def hold_free(path: Path) -> int | None:
    """Lock an unheld path until the returned descriptor is closed; None if that is not possible."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    if _lock_at_once(descriptor):
        return descriptor
    os.close(descriptor)
    return None


@contextmanager
def in_turn(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on a file, created if necessary, for the block, waiting for it.

    Raises:
        OSError: it cannot be created.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def is_held(path: Path) -> bool:
    """Return whether a process holds `path`; false if it does not exist."""
    with unless_held(path) as is_free:
        return not is_free and path.exists()


def hold_together(path: Path) -> int | None:
    """Take a shared lock on a file, created if necessary; None while it is locked exclusively."""
    return _held_file(path, fcntl.LOCK_SH)


def hold_alone(path: Path) -> int | None:
    """Take an exclusive lock on a file, created if necessary; None while it is locked in any way."""
    return _held_file(path, fcntl.LOCK_EX)


def _held_file(path: Path, kind: int) -> int | None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


@contextmanager
def unless_held(path: Path) -> Iterator[bool]:
    """Lock `path` for the block if nobody holds it, without waiting; yield whether it is locked."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        yield False
        return
    try:
        yield _lock_at_once(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def shared(path: Path) -> Iterator[bool]:
    """Take a shared lock on a file or folder for the block; yield whether it exists."""
    with _waited_for(path, fcntl.LOCK_SH) as is_there:
        yield is_there


@contextmanager
def exclusive(path: Path) -> Iterator[bool]:
    """Take an exclusive lock on a file or folder for the block, waiting for it; yield whether it exists."""
    with _waited_for(path, fcntl.LOCK_EX) as is_there:
        yield is_there


@contextmanager
def _waited_for(path: Path, kind: int) -> Iterator[bool]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        yield False
        return
    try:
        fcntl.flock(descriptor, kind)
        yield _is_at(descriptor, path)  # its previous holder may have removed it
    finally:
        os.close(descriptor)


def _lock_at_once(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
