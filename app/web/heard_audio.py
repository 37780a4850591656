"""The audio analysed by the speech detection, as WAV over HTTP: plays in every browser, seeks to the sample.

The samples are on disk without a header; it is prepended while sending.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.responses import StreamingResponse

from app.domain.errors.transcriptions import AudioGone
from app.web.audio import asked_range
from app.web.forms.file_names import content_disposition

if TYPE_CHECKING:
    from starlette.datastructures import Headers

SAMPLE_RATE = 16_000
BYTES_PER_SAMPLE = 2
BLOCK_BYTES = 256 * 1024
HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")


def heard_response(samples: Path, name: str, headers: Headers) -> StreamingResponse:
    """Return the samples as a file, whole or the range that the request's `headers` ask for.

    Raises:
        AudioGone: they are no longer there.
        RangeNotSatisfiable: the range starts beyond the end.
    """
    try:
        facts = samples.stat()
    except FileNotFoundError as error:
        raise AudioGone from error
    size = HEADER.size + facts.st_size
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
    parts = _parts(samples, header(facts.st_size), first, end)
    return StreamingResponse(parts, status_code=206 if asked else 200, media_type="audio/wav", headers=told)


def header(num_bytes: int) -> bytes:
    """Return the header of a WAV file of 16 kHz mono int16 samples."""
    rate = SAMPLE_RATE * BYTES_PER_SAMPLE
    form = (b"fmt ", 16, 1, 1, SAMPLE_RATE, rate, BYTES_PER_SAMPLE, 8 * BYTES_PER_SAMPLE)
    return HEADER.pack(b"RIFF", HEADER.size - 8 + num_bytes, b"WAVE", *form, b"data", num_bytes)


def _parts(samples: Path, head: bytes, first: int, end: int) -> Iterator[bytes]:
    if first < len(head):
        yield head[first:end]
    with samples.open("rb") as file:
        file.seek(max(0, first - len(head)))
        left = end - max(first, len(head))
        while left > 0 and (block := file.read(min(BLOCK_BYTES, left))):
            yield block
            left -= len(block)
