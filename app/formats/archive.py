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

from app.domain.errors.base import N_
from app.domain.errors.requests import UnknownFormat
from app.domain.transcript import USUAL_STYLE, ExportStyle, Transcript
from app.formats import FORMATS, Format, find_format
from app.formats.csv import BYTE_ORDER_MARK, as_text
from app.formats.reader import Reader

ZIP_ENDING = ".zip"
LONGEST_PART_BYTES = 180  # per path component: file systems allow 255, including a number and an extension
COLUMNS = ("name", "state", "language", "duration_s", "created_at", "text", "text_raw", "error")
HEADINGS = {
    "name": N_("Name"),
    "state": N_("State"),
    "language": N_("Language"),
    "duration_s": N_("Length (s)"),
    "created_at": N_("Created (local time)"),
    "created_at_utc": N_("Created (UTC)"),
    "text": N_("Text"),
    "text_raw": N_("Verbatim"),
    "error": N_("Problem"),
}
"""Column headings for people."""

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
    _write: Callable[[Iterable[Member], Reader | None], Iterator[bytes]]

    def write(self, members: Iterable[Member], reader: Reader | None = None) -> Iterator[bytes]:
        """Yield the file piece by piece; without a `reader` it is for a program."""
        return self._write(members, reader)


ARCHIVE_FORMATS = ("csv", "json", *(f"{name}{ZIP_ENDING}" for name in FORMATS))
"""One table, one list, or a zip of a format; `srt` means `srt.zip`."""


def find_archive_format(name: str, style: ExportStyle = USUAL_STYLE) -> ArchiveFormat:
    """Return the format called `name`; files in a zip have this style.

    Raises:
        UnknownFormat: there is none.
    """
    if name == "csv":
        return ArchiveFormat("csv", "text/csv; charset=utf-8", _table)
    if name == "json":
        return ArchiveFormat("json", "application/json", lambda members, _reader: _list(members))
    try:
        inner = find_format(name.removesuffix(ZIP_ENDING)).styled(style)
    except UnknownFormat as error:
        raise UnknownFormat(format=name, known=", ".join(ARCHIVE_FORMATS)) from error
    return ArchiveFormat("zip", "application/zip", lambda members, reader: _zip(members, inner, reader))


def _zip(members: Iterable[Member], format: Format, reader: Reader | None) -> Iterator[bytes]:
    """Write a file for each with text; README.txt lists those without."""
    stream = _Drain()
    names, without = _Names(), []
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in members:
            if member.transcript is None:
                state = reader.state(member.state) if reader else member.state
                without.append(f"{member.name}\t{state}\t{member.error}".rstrip())
                continue
            content = format.content(member.transcript, member.name, reader)
            archive.writestr(names.free(member.name, format.suffix), content)
            yield stream.drained()
        if without or not names.taken:
            archive.writestr("README.txt", _without_text(without, reader or Reader()))
    yield stream.drained()


def _without_text(lines: list[str], reader: Reader) -> str:
    heading = reader.translate(N_("No text:") if lines else N_("Nothing was chosen."))
    return "\n".join([BYTE_ORDER_MARK + heading, *lines]) + "\n"


def _table(members: Iterable[Member], reader: Reader | None) -> Iterator[bytes]:
    """Write one row per recording, for a spreadsheet."""
    headings = [reader.translate(heading) for heading in HEADINGS.values()] if reader else COLUMNS
    yield (BYTE_ORDER_MARK + _row(headings)).encode()
    for member in members:
        facts = _facts(member) | (_worded(member, reader) if reader else {})
        yield _row([as_text(str(facts[column])) for column in (HEADINGS if reader else COLUMNS)]).encode()


def _worded(member: Member, reader: Reader) -> dict[str, str]:
    """Return the values worded differently for people than for programs."""
    return {
        "state": reader.state(member.state),
        "language": reader.language(member.transcript.language) if member.transcript else "",
        "created_at": reader.local_time(member.created_at),
        "created_at_utc": reader.utc_time(member.created_at),
    }


def _list(members: Iterable[Member]) -> Iterator[bytes]:
    """Write everything, including segments, for programs."""
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
