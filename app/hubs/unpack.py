"""Unpacks an untrusted model archive: plain files and folders only, inside one folder, of bounded size."""

from __future__ import annotations

import os
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from threading import Event
from typing import IO

from app.domain.errors.base import N_
from app.domain.errors.models import ArchiveRefused, TransferBroken
from app.hubs import is_plain_path
from app.hubs.transfer import CHUNK_BYTES, NO_ROOM, Cancelled, no_room

MOST_MEMBERS = 10_000
MOST_BYTES = 20 * 2**30
DAMAGED = N_("it is damaged, or no tar.gz")


def unpack(archive: Path, into: Path, stopping: Event, most_bytes: int = MOST_BYTES) -> None:
    """Extract `archive` into the folder `into`, without a common top-level folder.

    Raises:
        ArchiveRefused: a link, a device, a path out of the folder, too many files or bytes.
        TransferBroken: it is damaged.
        Cancelled: `stopping` was set.
        NoRoomForModel: the disk is full.
    """
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in _allowed(tar, most_bytes):
                if stopping.is_set():
                    raise Cancelled
                _write(tar, member, into)
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise TransferBroken(file=archive.name, reason=DAMAGED) from error
    except OSError as error:
        if error.errno in NO_ROOM:
            raise no_room(archive.parent, archive.stat().st_size) from error
        raise TransferBroken(file=archive.name, reason=DAMAGED) from error
    _lift(into)


def _allowed(tar: tarfile.TarFile, most_bytes: int) -> Iterator[tarfile.TarInfo]:
    total = 0
    seen: set[str] = set()
    for count, member in enumerate(tar, start=1):
        name = member.name.removeprefix("./").rstrip("/")
        if name in ("", ".") and member.isdir():
            continue
        total += member.size
        _refuse(member, N_("its name leads elsewhere"), unless=is_plain_path(name))
        _refuse(member, N_("it is a link or a device"), unless=member.isfile() or member.isdir())
        _refuse(member, N_("its name comes twice"), unless=member.isdir() or name.casefold() not in seen)
        _refuse(member, N_("the archive is too large"), unless=total <= most_bytes and count <= MOST_MEMBERS)
        seen.add(name.casefold())
        member.name = name
        if member.isfile() and not PurePosixPath(name).name.startswith("._"):  # added to archives by macOS
            yield member


def _refuse(member: tarfile.TarInfo, reason: str, *, unless: bool) -> None:
    if not unless:
        raise ArchiveRefused(member=repr(member.name[:100]), reason=reason)


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, into: Path) -> None:
    """Write one file without the owner, mode and times in the archive."""
    target = into / member.name
    target.parent.mkdir(parents=True, exist_ok=True)
    source: IO[bytes] | None = tar.extractfile(member)
    assert source is not None  # noqa: S101 - it is a plain file
    with source, target.open("xb") as stream:
        while chunk := source.read(CHUNK_BYTES):
            stream.write(chunk)
        stream.flush()
        os.fsync(stream.fileno())


def _lift(folder: Path) -> None:
    """Move the files out of a common top-level folder."""
    entries = list(folder.iterdir())
    if len(entries) != 1 or not entries[0].is_dir():
        return
    [inner] = entries
    aside = inner.rename(folder.with_name(folder.name + ".inner"))
    folder.rmdir()
    aside.rename(folder)
