"""Many transcripts in one file: a zip of any format, a table, or a list.

All are streamed and read each transcript only when needed, so that hundreds of long ones need the memory of one.
Knows nothing about jobs or the web.
"""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from app.domain.errors.requests import UnknownFormat
from app.domain.transcript import Transcript
from app.formats import FORMATS, Format, find_format
from app.formats.csv import BYTE_ORDER_MARK, as_text

ZIP_ENDING = ".zip"
LONGEST_PART_BYTES = 180  # per path component: file systems allow 255, including a number and an extension
COLUMNS = ("name", "state", "language", "duration_s", "created_at", "text", "text_raw", "error")

_DEVICES = re.compile(r"(?:con|prn|aux|nul|clock\$|conin\$|conout\$|(?:com|lpt)[0-9¹²³])\s*(?:\.|$)", re.IGNORECASE)
"""Device names on Windows, with any extension, which cannot be unpacked there."""
_FORBIDDEN = re.compile(r'[\x00-\x1f\\:*?"<>|]')
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,8}$")


@dataclass(frozen=True, slots=True)
class Member:
    """One recording; its transcript is None if it has no text (yet)."""

    name: str
    """Name of the recording; slashes become folders in a zip."""
    state: str
    created_at: datetime
    transcript: Transcript | None
    error: str = ""
    """Why there is no text, as shown to users."""


@dataclass(frozen=True, slots=True)
class ArchiveFormat:
    """One archive format."""

    suffix: str
    media_type: str
    write: Callable[[Iterable[Member]], Iterator[bytes]]


ARCHIVE_FORMATS = ("csv", "json", *(f"{name}{ZIP_ENDING}" for name in FORMATS))
"""One table, one list, or a zip of a format; `srt` says the same as `srt.zip`."""


def find_archive_format(name: str) -> ArchiveFormat:
    """Return the format called `name`.

    Raises:
        UnknownFormat: there is none.
    """
    if name == "csv":
        return ArchiveFormat("csv", "text/csv; charset=utf-8", _table)
    if name == "json":
        return ArchiveFormat("json", "application/json", _list)
    try:
        inner = find_format(name.removesuffix(ZIP_ENDING))
    except UnknownFormat as error:
        raise UnknownFormat(format=name, known=", ".join(ARCHIVE_FORMATS)) from error
    return ArchiveFormat("zip", "application/zip", lambda members: _zip(members, inner))


def _zip(members: Iterable[Member], format: Format) -> Iterator[bytes]:
    """Write a file for each with text; README.txt lists those without."""
    stream = _Drain()
    names, without = _Names(), []
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in members:
            if member.transcript is None:
                without.append(f"{member.name}\t{member.state}\t{member.error}".rstrip())
                continue
            archive.writestr(names.free(member.name, format.suffix), format.content(member.transcript, member.name))
            yield stream.drained()
        if without or not names.taken:
            archive.writestr("README.txt", _without_text(without))
    yield stream.drained()


def _without_text(lines: list[str]) -> str:
    return "\n".join([BYTE_ORDER_MARK + "No text:" if lines else "Nothing was chosen.", *lines]) + "\n"


def _table(members: Iterable[Member]) -> Iterator[bytes]:
    """One row for each recording, for a spreadsheet."""
    yield (BYTE_ORDER_MARK + _row(COLUMNS)).encode()
    for member in members:
        yield _row([as_text(str(cell)) for cell in _facts(member).values()]).encode()


def _list(members: Iterable[Member]) -> Iterator[bytes]:
    """Everything, with the segments, for programs."""
    separator = "["
    for member in members:
        segments = [segment.to_dict() for segment in member.transcript.in_order().segments] if member.transcript else []
        yield f"{separator}\n{json.dumps(_facts(member) | {'segments': segments}, ensure_ascii=False)}".encode()
        separator = ","
    yield b"[]\n" if separator == "[" else b"\n]\n"


def _facts(member: Member) -> dict[str, str | float]:
    said = member.transcript.in_order() if member.transcript else None
    values = (
        member.name,
        member.state,
        said.language if said else "",
        round(said.duration, 3) if said else "",
        member.created_at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        said.text if said else "",
        said.text_raw if said else "",
        member.error,
    )
    return dict(zip(COLUMNS, values, strict=True))


def _row(cells: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()


class _Names:
    """Unique and safe paths inside a zip."""

    def __init__(self) -> None:
        self.taken: set[str] = set()

    def free(self, name: str, suffix: str) -> str:
        stem = "/".join(_safe(part) for part in name.split("/") if part.strip(". ")) or "recording"
        stem = _SUFFIX.sub("", stem) or stem
        number, path = 1, f"{stem}.{suffix}"
        while path.casefold() in self.taken:  # some systems treat 会议.TXT and 会议.txt as the same
            number += 1
            path = f"{stem} ({number}).{suffix}"
        self.taken.add(path.casefold())
        return path


def _safe(part: str) -> str:
    match = _SUFFIX.search(part)
    ending = match[0] if match else ""
    cut = part.removesuffix(ending).encode(errors="replace")[:LONGEST_PART_BYTES].decode(errors="ignore")
    safe = _FORBIDDEN.sub("_", cut).rstrip(". ") + ending
    return f"_{safe}" if _DEVICES.match(safe) else safe


class _Drain(io.RawIOBase):
    """A write-only file whose bytes are taken out on demand."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, content: object) -> int:
        piece = bytes(content)  # type: ignore[call-overload]
        self._bytes += piece
        return len(piece)

    def drained(self) -> bytes:
        ready, self._bytes = bytes(self._bytes), bytearray()
        return ready
