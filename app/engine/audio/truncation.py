"""Tells from its bytes whether a recording breaks off, for everything where FFmpeg does not say so.

A header claims more than there is, the last unit of a container is not whole, or the last frame of the sound is not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Literal

from app.engine.audio.file_bytes import FileBytes

HEAD_BYTES = 1 << 16
TAIL_BYTES = 1 << 18  # in which the last unit begins
MOST_UNITS = 1_000_000  # looked at in one file
_UNKNOWN_LENGTH = 0x7FFF0000  # and above: written by recorders that cannot seek back to the header
_LARGEST_OGG_PAGE = 65_307
_ENDS_OGG_STREAM = 4


def ends_too_early(source: Path, start: int, container: str) -> bool:
    """Return whether the file ends before what its container promises."""
    looks = [_CONTAINERS[name] for name in container.split(",") if name in _CONTAINERS]
    with source.open("rb") as file:
        content = FileBytes(file)
        return any(look(content, start) for look in looks)


def is_broken_frame(codec: str, packet: bytes) -> bool:
    """Return whether a frame is shorter than its own header says; false where it does not say."""
    length = _FRAMES[codec](packet) if codec in _FRAMES and len(packet) >= _LONGEST_HEADER else None
    return length is not None and len(packet) < length


# Frames

_LONGEST_HEADER = 8
_MPEG_BIT_RATES = {  # kbit/s by version 1 or 2 and layer
    (1, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_MPEG_RATES = (44_100, 48_000, 32_000)
_AC3_BIT_RATES = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640)
_AC3_RATES = (48_000, 44_100, 32_000)


def _mpeg_frame(head: bytes) -> int | None:
    """Return the length of a frame of layer 2 or 3 (ISO/IEC 11172-3, 13818-3, and MPEG 2.5)."""
    version, layer = {3: 1, 2: 2, 0: 4}.get(head[1] >> 3 & 3), 4 - (head[1] >> 1 & 3)
    bit_rate, rate = head[2] >> 4, head[2] >> 2 & 3
    if (
        head[0] != 0xFF
        or head[1] < 0xE0
        or version is None
        or layer not in (2, 3)
        or rate == 3
        or not 0 < bit_rate < 15
    ):
        return None
    kilobits = _MPEG_BIT_RATES[(1, layer) if version == 1 else (2, 2)][bit_rate]
    factor = 72_000 if layer == 3 and version > 1 else 144_000
    return factor * kilobits // (_MPEG_RATES[rate] // version) + (head[2] >> 1 & 1)


def _ac3_frame(head: bytes) -> int | None:
    """Return the length of a frame of AC-3 or E-AC-3 (ETSI TS 102 366)."""
    if head[:2] != b"\x0b\x77":
        return None
    if head[5] >> 3 > 10:
        return 2 * ((int.from_bytes(head[2:4], "big") & 0x7FF) + 1)
    rate, code = head[4] >> 6, head[4] & 0x3F
    if rate == 3 or code >= 2 * len(_AC3_BIT_RATES):
        return None
    words = _AC3_BIT_RATES[code // 2] * 96_000 // _AC3_RATES[rate]
    return 2 * (words + (code & 1 if rate == 1 else 0))


def _dts_frame(head: bytes) -> int | None:
    """Return the length of a core frame of DTS (ETSI TS 102 114)."""
    if head[:4] != b"\x7f\xfe\x80\x01":
        return None
    return (int.from_bytes(head[5:8], "big") >> 4 & 0x3FFF) + 1


_FRAMES: Mapping[str, Callable[[bytes], int | None]] = {
    "mp2": _mpeg_frame,
    "mp3": _mpeg_frame,
    "ac3": _ac3_frame,
    "eac3": _ac3_frame,
    "dts": _dts_frame,
}
FRAMED_CODECS = frozenset(_FRAMES)


# Containers


def _claims_more(content: FileBytes, start: int) -> bool:
    """Return whether the header states a length that the file does not have."""
    claimed = _claimed_bytes(content[start : start + HEAD_BYTES])
    is_stated = claimed is not None and 0 <= claimed < _UNKNOWN_LENGTH
    return is_stated and start + (claimed or 0) > len(content) + 1  # or a padding byte


_HEADERS: tuple[tuple[bytes, Callable[[bytes], int]], ...] = (
    (b"RIFF....(?:WAVE|AVI )", lambda head: int.from_bytes(head[4:8], "little") + 8),
    (b"FORM", lambda head: int.from_bytes(head[4:8], "big") + 8),
    (b"riff\x2e\x91\xcf\x11", lambda head: int.from_bytes(head[16:24], "little")),
    (b"caff.*?data", lambda head: head.find(b"data") + 12 + _signed(head[head.find(b"data") + 4 :][:8])),
    (b"[.]snd", lambda head: int.from_bytes(head[4:8], "big") + int.from_bytes(head[8:12], "big")),
    (b"[.]SoX", lambda head: int.from_bytes(head[4:8], "little") + 4 + 4 * int.from_bytes(head[8:16], "little")),
)
"""How a file begins whose header states its length, and that length in bytes."""


def _claimed_bytes(head: bytes) -> int | None:
    return next((length(head) for begin, length in _HEADERS if re.match(begin, head, re.DOTALL)), None)


def _signed(number: bytes) -> int:
    return int.from_bytes(number, "big", signed=True)


def _xing_claims_more(content: FileBytes, start: int) -> bool:
    """Return whether the first frame of an MP3, which encoders use as a header, counts more bytes than there are."""
    head = content[start : start + HEAD_BYTES]
    tag = re.search(
        rb"\xff[\xe2-\xfb].{2}[\0\xff]?.{0,35}(?:Xing|Info)\0\0\0([\x02\x03\x06\x07\x0a\x0b\x0e\x0f])", head, re.DOTALL
    )
    if tag is None:
        return False
    at = tag.end() + 4 * (tag[1][0] & 1)  # behind the number of frames
    return start + tag.start() + int.from_bytes(head[at : at + 4], "big") > len(content)


def _ends_inside_ogg(content: FileBytes, start: int) -> bool:
    """Return whether the last page is not whole or does not end its stream, as recorders write it when stopped."""
    tail = content[max(start, len(content) - 2 * _LARGEST_OGG_PAGE) :]
    at = tail.rfind(b"OggS\x00")
    if at < 0 or len(tail) < at + 27:
        return True
    segments = tail[26 + at]
    lengths = tail[at + 27 : at + 27 + segments]
    is_whole = len(lengths) == segments and len(tail) >= at + 27 + segments + sum(lengths)
    return not (is_whole and tail[at + 5] & _ENDS_OGG_STREAM)


def _ends_inside_box(content: FileBytes, start: int) -> bool:
    """Return whether a box of MP4 or MOV is longer than the file."""
    at = start
    for _ in range(MOST_UNITS):
        kind = content[at + 4 : at + 8]
        if len(kind) < 4 or not kind.isalnum():
            return False
        size = int.from_bytes(content[at : at + 4], "big")
        size = int.from_bytes(content[at + 8 : at + 16], "big") if size == 1 else size
        if size < 8:  # 0: to the end of the file
            return False
        at += size
        if at >= len(content):
            break
    return at > len(content)


def _ends_inside_element(content: FileBytes, start: int) -> bool:
    """Return whether an element of Matroska or WebM is longer than the file: the segment, or the last of its clusters."""
    segment = content[start : start + HEAD_BYTES].find(b"\x18\x53\x80\x67")
    if segment >= 0 and _end_of_element(content, start + segment) > len(content):
        return True
    cluster = content.rfind(b"\x1f\x43\xb6\x75", start)
    while cluster >= 0 and content[cluster + 5 : cluster + 13].find(b"\xe7") < 0:  # no time stamp: it is sound
        cluster = content.rfind(b"\x1f\x43\xb6\x75", start, cluster)
    return cluster >= 0 and any(end > len(content) for end in _ends_of_elements(content, cluster))


def _ends_of_elements(content: FileBytes, at: int) -> Iterator[int]:
    """Yield where elements end, beginning with a cluster; those of a cluster without a length are gone through."""
    for _ in range(MOST_UNITS):
        if not _ELEMENTS.match(content[at : at + 4]):
            return
        end = _end_of_element(content, at)
        if end < 0:
            at += _id_bytes(content, at) + _size_bytes(content, at + _id_bytes(content, at))
            continue
        yield end
        at = end


_ELEMENTS = re.compile(
    rb"\x1f\x43\xb6\x75|\x1c\x53\xbb\x6b|\x12\x54\xc3\x67|\x11\x4d\x9b\x74|\x15\x49\xa9\x66|\x16\x54\xae\x6b"
    rb"|\x19\x41\xa4\x69|\x10\x43\xa7\x70|\x58\x54|[\xe7\xa0\xa3\xa7\xab\xec\xbf]"
)
"""The ids of what a segment holds, and a cluster; anything else is no longer part of the recording."""


def _end_of_element(content: FileBytes, at: int) -> int:
    """Return where an EBML element ends; -1 if its length is unknown."""
    size_at = at + _id_bytes(content, at)
    size_bytes = _size_bytes(content, size_at)
    size = int.from_bytes(content[size_at : size_at + size_bytes], "big") & ((1 << 7 * size_bytes) - 1)
    is_unknown = size == (1 << 7 * size_bytes) - 1
    return -1 if is_unknown else size_at + size_bytes + size


def _id_bytes(content: FileBytes, at: int) -> int:
    return _size_bytes(content, at)  # coded alike


def _size_bytes(content: FileBytes, at: int) -> int:
    first = content.byte(at)
    return 9 - first.bit_length() if first else 8


def _ends_inside_tag(content: FileBytes, _start: int) -> bool:
    """Return whether an FLV does not end with the length of its last tag."""
    length = int.from_bytes(content[-4:], "big")
    at = len(content) - 4 - length
    if length < 11 or at < 9 or content.byte(at) & 0x1F not in (8, 9, 18):
        return True
    return int.from_bytes(content[at + 1 : at + 4], "big") + 11 != length


def _ends_inside_pack(content: FileBytes, start: int) -> bool:
    """Return whether the last packet of an MPEG program stream is not whole."""
    tail_at = max(start, len(content) - TAIL_BYTES)
    *_, last = (None, *re.finditer(rb"\x00\x00\x01[\xbd-\xef]..", content[tail_at:], re.DOTALL))
    return last is not None and tail_at + last.end() + int.from_bytes(last[0][4:], "big") > len(content)


def _ends_inside_packet(content: FileBytes, start: int) -> bool:
    """Return whether an MPEG transport stream ends between two packets of its length."""
    head = content[start : start + HEAD_BYTES]
    for length in (188, 192, 204):
        for first in range(length):
            if head[first : 5 * length + first : length] == b"\x47" * 5:
                return (len(content) - start - first) % length not in (0, length - first)
    return False


def _ends_inside_block(content: FileBytes, start: int) -> bool:
    """Return whether a block of a Creative Voice file is longer than the file, or the last one is missing."""
    at = start + int.from_bytes(content[start + 20 : start + 22], "little")
    while content.byte(at):
        at += 4 + int.from_bytes(content[at + 1 : at + 4], "little")
    return at > len(content)


def _ends_before_index(content: FileBytes, start: int) -> bool:
    """Return whether a NUT lacks the index that its writer ends it with, or a part of it."""
    at = content.rfind(_NUT_INDEX, start)
    if at < 0:
        return True
    length, begin = 0, at + len(_NUT_INDEX)
    for byte in content[begin : begin + _LONGEST_NUT_NUMBER]:
        begin, length = begin + 1, length << 7 | byte & 0x7F
        if byte < 0x80:
            break
    return begin + length > len(content)


_NUT_INDEX = b"NX\xdd\x67\x2f\x23\xe6\x4e"
_LONGEST_NUT_NUMBER = 10  # bytes


def _ends_inside_real_chunk(content: FileBytes, start: int) -> bool:
    """Return whether a chunk of RealMedia is longer than the file; one of unknown length, as it is streamed, is not."""
    at = start
    while re.fullmatch(rb"[.A-Z]{4}", name := content[at : at + 4]):
        size = int.from_bytes(content[at + 4 : at + 8], "big")
        if size < 8:
            return False
        at += size
        if name == b"DATA":
            break
    return at > len(content) + _REAL_CHUNK_HEADER


_REAL_CHUNK_HEADER = 18  # bytes, which some writers count twice


def _ends_inside_ircam_sample(content: FileBytes, start: int) -> bool:
    """Return whether an IRCAM file ends within a sample; it states no length, so that nothing else tells."""
    order: Literal["little", "big"] = "little" if content[start : start + 2] == b"\x64\xa3" else "big"
    channels = int.from_bytes(content[start + 8 : start + 12], order)
    bytes_per_sample = int.from_bytes(content[start + 12 : start + 16], order) & 0xFFFF
    return (len(content) - start - _IRCAM_HEADER) % max(1, channels * bytes_per_sample) != 0


_IRCAM_HEADER = 1024


_CONTAINERS: Mapping[str, Callable[[FileBytes, int], bool]] = {
    **dict.fromkeys(("wav", "w64", "avi", "aiff", "caf", "au", "sox"), _claims_more),
    "mp3": _xing_claims_more,
    "ogg": _ends_inside_ogg,
    "mov": _ends_inside_box,
    "matroska": _ends_inside_element,
    "flv": _ends_inside_tag,
    "mpeg": _ends_inside_pack,
    "mpegts": _ends_inside_packet,
    "voc": _ends_inside_block,
    "nut": _ends_before_index,
    "rm": _ends_inside_real_chunk,
    "ircam": _ends_inside_ircam_sample,
}
"""By FFmpeg's names of them."""
