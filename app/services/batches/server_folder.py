"""Recordings in a folder on the server: found below a root and opened without ever leaving it.

Links are followed neither when a folder is listed nor when a file is opened later: a listed file may have been
replaced by a link.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote_from_bytes, unquote_to_bytes

from app.domain.errors.audio import FileUnreadable
from app.domain.errors.batches import FolderNotAllowed, FolderWithoutRecordings

SOUND = re.compile(
    r"\.(wav|mp3|m4a|aac|flac|ogg|oga|opus|wma|amr|aif|aiff|ape|caf|wv|mp2|ac3|mka|webm|mp4|m4v|mov|mkv|avi|wmv|flv"
    r"|mpg|mpeg|ts|3gp|3g2)$",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class Recording:
    """A file: its name, identity and location."""

    name: str
    """Including the folders it was selected from."""
    size_bytes: int
    modified_ms: int | None = None
    path: Path | None = None
    """Its path on the server, if it is there."""

    @property
    def origin(self) -> str | None:
        """The path as storable text, whatever bytes the name contains."""
        return None if self.path is None else quote_from_bytes(os.fsencode(self.path))

    def is_same(self, size_bytes: int, modified_ms: int | None) -> bool:
        """Return whether size and modification time match; a sender may not know the latter."""
        is_as_old = self.modified_ms is None or modified_ms is None or self.modified_ms == modified_ms
        return self.size_bytes == size_bytes and is_as_old


def path_of(origin: str) -> Path:
    """Return the path encoded by `Recording.origin`."""
    return Path(os.fsdecode(unquote_to_bytes(origin)))


def recordings_below(root: Path, path: str) -> list[Recording]:
    """Return the recordings in the folder `path` below `root` and its subfolders, in natural order.

    Raises:
        FolderNotAllowed: it is not a folder, or not below `root`.
        FolderWithoutRecordings
    """
    folder = _folder_below(root, path)
    found = [_recording(Path(place, name), folder) for place, name in _files(folder)]
    if not found:
        raise FolderWithoutRecordings(path=path)
    return sorted(found, key=lambda recording: natural(recording.name))


def is_recording(name: str) -> bool:
    """Return whether the name looks like a recording; folders also hold playlists and hidden files."""
    return not name.startswith(".") and SOUND.search(name) is not None


def natural(name: str) -> tuple[tuple[int, str], ...]:
    """Sort key for natural order: `call 2` before `call 10`."""
    return tuple((int(part), "") if part.isdecimal() else (-1, part.casefold()) for part in _DIGITS.split(name))


def display(path: Path) -> str:
    """Return a readable path; undecodable bytes become numbers, so that names stay distinct."""
    return os.fsencode(path).decode(errors="backslashreplace")


@contextmanager
def open_below(root: Path, path: Path) -> Iterator[BinaryIO]:
    """Open a file below `root`.

    Raises:
        FileUnreadable: it cannot be opened, is not a file, or a link leads out of the folder.
    """
    if not path.resolve().is_relative_to(root.resolve()):  # before it is opened: what lies outside must not show
        raise FileUnreadable(file=display(path), reason=os.strerror(errno.EPERM))
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise FileUnreadable(file=display(path), reason=error.strerror) from error
    real = path.resolve()
    if not (real.is_relative_to(root.resolve()) and _is_file_at(descriptor, real)):
        os.close(descriptor)
        raise FileUnreadable(file=display(path), reason=os.strerror(errno.EPERM))
    with os.fdopen(descriptor, "rb") as file:
        yield file


def _folder_below(root: Path, path: str) -> Path:
    top = root.resolve()
    try:
        folder = (top / path).resolve()
        if folder.is_relative_to(top) and folder.is_dir():
            return folder
    except (OSError, ValueError):  # a name that is invalid for a path
        pass
    raise FolderNotAllowed(path=path, root=str(root))


def _files(folder: Path) -> Iterator[tuple[str, str]]:
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if is_recording(name) and stat.S_ISREG(os.lstat(Path(place, name)).st_mode):
                yield place, name


def _recording(path: Path, folder: Path) -> Recording:
    facts = path.stat()
    shown = path.relative_to(folder.parent) if folder.parent != folder else path.relative_to(folder)
    return Recording(display(shown), facts.st_size, facts.st_mtime_ns // 1_000_000, path)


def _is_file_at(descriptor: int, path: Path) -> bool:
    facts = os.fstat(descriptor)
    return stat.S_ISREG(facts.st_mode) and os.path.samestat(facts, path.stat())
