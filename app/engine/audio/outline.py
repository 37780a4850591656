"""Inspects the bytes of a file before and after FFmpeg: where a recording begins after junk, and how much of it was
left unread. It knows nothing about audio.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from app.engine.audio.file_bytes import FileBytes

HEAD_BYTES = 1 << 16  # mail headers, tags and padding before a recording are shorter
MOST_SIGNATURES = 4  # signatures to try
_ID3_HEADER = 10
_PRINTABLE = frozenset(string.printable.encode())

# Eight bytes or more, so that audio, which may contain any bytes, does not match by chance.
SIGNATURES = re.compile(
    rb"RIFF....(?:WAVE|AVI )|RF64....WAVE|FORM....AIF[FC]|riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb|caff\x00\x01\x00\x00desc"
    rb"|fLaC[\x00\x80]\x00\x00\x22|OggS\x00\x02\x00{8}|\x00\x00\x00[\x08-\xff]ftyp[ -~]{4}"
    rb"|\x1a\x45\xdf\xa3.{1,8}\x42[\x82\x86\xf2\xf7\xf3]|FLV\x01[\x01\x04\x05]\x00\x00\x00\x09"
    rb"|\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9|#!AMR(?:-WB)?\n|TTA1[\x01\x03]\x00[\x01-\x08]\x00|\.snd\x00\x00..\xff*",
    re.DOTALL,
)
LONGEST_SIGNATURE = 32
_ARCHIVES = re.compile(rb"PK\x03\x04|\x1f\x8b|7z\xbc\xaf|Rar!|.{257}ustar", re.DOTALL)
_TAGS = (b"ID3", b"TAG", b"APETAGEX", b"LYRICSBEGIN")


class _Chunks(NamedTuple):
    """The chunk layout of a file format: a name, a size, the content."""

    name_bytes: int
    size_bytes: int
    byteorder: str
    multiple_of: int
    size_counts_head: bool


_CHUNKED = {
    "wav": _Chunks(4, 4, "little", 2, size_counts_head=False),
    "aiff": _Chunks(4, 4, "big", 2, size_counts_head=False),
    "caf": _Chunks(4, 8, "big", 1, size_counts_head=False),
    "w64": _Chunks(16, 8, "little", 8, size_counts_head=True),
}


def likely_beginnings(source: Path) -> list[int]:
    """Return possible start offsets, the most likely first: at a signature after junk or a foreign tag, else 0.

    A file that begins with a signature, or an archive, is used as it is.
    """
    with source.open("rb") as file:
        tags = _end_of_id3(file.read(_ID3_HEADER))
        file.seek(0)
        if _ARCHIVES.match(head := file.read(HEAD_BYTES)) or SIGNATURES.match(head):
            return [0]
        file.seek(tags)
        found = [tags + match.start() for match in SIGNATURES.finditer(file.read(HEAD_BYTES))]
    return [*found[:MOST_SIGNATURES], 0]


def bytes_left(source: Path, read_to: int, container: str) -> int:
    """Return how many bytes after the last packet read look like audio."""
    size = source.stat().st_size
    if not 0 < read_to < size:
        return 0
    with source.open("rb") as file:
        content = FileBytes(file)
        chunks = _CHUNKED.get(container)
        stray = _stray_byte(content, read_to, chunks) if chunks else size
        found = content.search(SIGNATURES, read_to, LONGEST_SIGNATURE)
        return size - min(stray, found if found >= 0 else size)


def next_recording(source: Path, read_to: int) -> int | None:
    """Return where another recording begins after the last packet read; None if there is none."""
    with source.open("rb") as file:
        found = FileBytes(file).search(SIGNATURES, read_to, LONGEST_SIGNATURE) if read_to else -1
    return found if found >= 0 else None


def _end_of_id3(head: bytes) -> int:
    if not head.startswith(b"ID3") or len(head) < _ID3_HEADER:
        return 0
    size = sum((byte & 0x7F) << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True))
    return _ID3_HEADER + size


def _stray_byte(content: FileBytes, begin: int, kind: _Chunks) -> int:
    """Return the offset of the first data that is not a chunk, tag or padding; the end of the file if there is none."""
    for at in _chunk_starts(content, begin + -begin % kind.multiple_of, kind):
        name = content[at : at + kind.name_bytes]
        if name[:4] in (b"RIFF", b"RF64", b"FORM", b"riff", b"caff"):
            return at
        if content[at : at + 11].startswith(_TAGS):
            break
        if not _PRINTABLE.issuperset(name[:4]):
            return at if content[at : at + HEAD_BYTES].strip(b"\0") else len(content)
    return len(content)


def _chunk_starts(content: FileBytes, at: int, kind: _Chunks) -> Iterator[int]:
    head = kind.name_bytes + kind.size_bytes
    while at + head <= len(content):
        yield at
        size = int.from_bytes(content[at + kind.name_bytes : at + head], kind.byteorder)  # type: ignore[arg-type]
        at += max(head, size if kind.size_counts_head else head + size)
        at += -at % kind.multiple_of
