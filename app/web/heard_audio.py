"""Decoded samples as WAV over HTTP: plays in every browser, seeks to the sample.

The samples are on disk without a header; it is prepended while sending. Two channels become stereo.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from starlette.responses import StreamingResponse

from app.domain.errors.transcriptions import AudioGone
from app.web.audio import asked_range
from app.web.forms.file_names import content_disposition

if TYPE_CHECKING:
    from starlette.datastructures import Headers

SAMPLE_RATE = 16_000
BYTES_PER_SAMPLE = 2
BLOCK_SAMPLES = 128 * 1024
HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
STEREO = 2


def heard_response(samples: Sequence[Path], name: str, headers: Headers) -> StreamingResponse:
    """Return the samples as a file, whole or the range that the request's `headers` ask for.

    `samples` is one file for the mix, or one per channel; of more than two channels the average is sent.

    Raises:
        AudioGone: they are no longer there.
        RangeNotSatisfiable: the range starts beyond the end.
    """
    try:
        facts = samples[0].stat()
    except FileNotFoundError as error:
        raise AudioGone from error
    num_channels = STEREO if len(samples) == STEREO else 1
    head = header(facts.st_size * num_channels, num_channels)
    size = len(head) + facts.st_size * num_channels
    asked = asked_range(headers.get("range"), size)
    first, end = asked or (0, size)
    told = {
        "accept-ranges": "bytes",
        "etag": f'"{facts.st_mtime_ns:x}-{size:x}"',
        "content-length": str(end - first),
        "content-disposition": content_disposition("inline", name),
    }
    if asked:
        told["content-range"] = f"bytes {first}-{end - 1}/{size}"
    parts = _parts(samples, head, first, end)
    return StreamingResponse(parts, status_code=206 if asked else 200, media_type="audio/wav", headers=told)


def header(num_bytes: int, num_channels: int = 1) -> bytes:
    """Return the header of a WAV file of 16 kHz int16 samples."""
    block = BYTES_PER_SAMPLE * num_channels
    form = (b"fmt ", 16, 1, num_channels, SAMPLE_RATE, SAMPLE_RATE * block, block, 8 * BYTES_PER_SAMPLE)
    return HEADER.pack(b"RIFF", HEADER.size - 8 + num_bytes, b"WAVE", *form, b"data", num_bytes)


def _parts(samples: Sequence[Path], head: bytes, first: int, end: int) -> Iterator[bytes]:
    if first < len(head):
        yield head[first:end]
    position, end = max(first, len(head)) - len(head), end - len(head)
    with ExitStack() as stack:
        files = [stack.enter_context(path.open("rb")) for path in samples]
        block = BYTES_PER_SAMPLE * (STEREO if len(files) == STEREO else 1)
        while position < end:
            content = _together(files, position // block, min(BLOCK_SAMPLES, -(-end // block) - position // block))
            part = content[position % block : end - position + position % block]
            if not part:
                return
            yield part
            position += len(part)


def _together(files: Sequence[BinaryIO], first: int, count: int) -> bytes:
    """Return `count` samples of all files from the sample `first` on: as they are, as stereo, or averaged."""
    channels = [_samples(file, first, count) for file in files]
    if len(channels) == 1:
        return channels[0].tobytes()
    if len(channels) == STEREO:
        both = array("h", bytes(BYTES_PER_SAMPLE * STEREO * len(channels[0])))
        both[0::2], both[1::2] = channels
        return both.tobytes()
    return array("h", (sum(values) // len(channels) for values in zip(*channels, strict=True))).tobytes()


def _samples(file: BinaryIO, first: int, count: int) -> array[int]:
    file.seek(first * BYTES_PER_SAMPLE)
    return array("h", file.read(count * BYTES_PER_SAMPLE))
