"""Serves recordings over HTTP: detects the media type and handles range requests."""

from __future__ import annotations

import re
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.responses import FileResponse, RedirectResponse, Response, StreamingResponse

from app.domain.errors.requests import RangeNotSatisfiable
from app.domain.errors.transcriptions import AudioGone
from app.web.forms.file_names import content_disposition
from app.web.openapi import Responses, content

if TYPE_CHECKING:
    from starlette.datastructures import Headers
    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from app.store.files.stored_recording import StoredRecording

HEAD_BYTES = 16
UNKNOWN_TYPE = "application/octet-stream"

# First bytes of a file (a dot fits any byte) and what they mean; a name proves nothing.
SIGNATURES: tuple[tuple[re.Pattern[bytes], str], ...] = tuple(
    (re.compile(pattern, re.DOTALL), media_type)
    for pattern, media_type in (
        (rb"RIFF....WAVE|RF64....WAVE", "audio/wav"),
        (rb"RIFF....AVI ", "video/x-msvideo"),
        (rb"ID3|\xff[\xfa\xfb\xf2\xf3\xe2\xe3]", "audio/mpeg"),
        (rb"\xff[\xf0\xf1\xf8\xf9]", "audio/aac"),
        (rb"fLaC", "audio/flac"),
        (rb"OggS", "audio/ogg"),
        (rb"\x1a\x45\xdf\xa3", "video/webm"),
        (rb"....ftypM4[AB]", "audio/mp4"),
        (rb"....ftypqt", "video/quicktime"),
        (rb"....ftyp", "video/mp4"),
        (rb"FORM....AIF[FC]", "audio/aiff"),
        (rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "audio/x-ms-wma"),
        (rb"#!AMR", "audio/amr"),
        (rb"caff", "audio/x-caf"),
        (rb"FLV\x01", "video/x-flv"),
        (rb"\x00\x00\x01\xba", "video/mpeg"),
    )
)

RECORDING_CONTENT: Responses = {
    status: content(status, told, dict.fromkeys([*dict(SIGNATURES).values(), UNKNOWN_TYPE], "(bytes)"))[status]
    for status, told in ((200, "The recording as it was sent."), (206, "The asked part of it."))
}
"""What `audio_response` answers, as OpenAPI describes it."""
ELSEWHERE: Responses = {
    307: {"description": "Where the recording of a download lies in an object store; valid for five minutes."}
}
"""What `stored_audio_response` may answer besides."""


def audio_response(path: Path, name: str, headers: Headers, *, download: bool) -> FileResponse:
    """Return the recording at `path`, whole or the range that the request's `headers` ask for.

    Raises:
        AudioGone: the file is no longer there.
        RangeNotSatisfiable: the range starts beyond the end.
    """
    try:
        facts = path.stat()
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except FileNotFoundError as error:
        raise AudioGone from error
    kind = "attachment" if download else "inline"
    response_class = FileResponse if wants_range(headers.get("range"), facts.st_size) else _WholeFile
    return response_class(
        path,
        media_type=media_type(head),
        stat_result=facts,
        headers={"content-disposition": content_disposition(kind, name)},
    )


def stored_audio_response(stored: StoredRecording, name: str, request: Request, *, download: bool) -> Response:
    """Return a recording of an object store, whole or the asked range, or send a download there.

    Raises:
        RangeNotSatisfiable: the range starts beyond the end.
    """
    if download and (address := stored.signed_url):
        return RedirectResponse(address, headers={"cache-control": "no-store"})
    told = {
        "accept-ranges": "bytes",
        "etag": stored.etag,
        "last-modified": format_datetime(stored.modified, usegmt=True),
        "content-disposition": content_disposition("attachment" if download else "inline", name),
    }
    is_same = request.headers.get("if-range") in (None, stored.etag, told["last-modified"])
    asked = asked_range(request.headers.get("range") if is_same else None, stored.size)
    first, end = asked or (0, stored.size)
    told["content-length"] = str(end - first)
    if asked:
        told["content-range"] = f"bytes {first}-{end - 1}/{stored.size}"
    parts = iter(()) if request.method == "HEAD" else stored.parts(first, end)
    return StreamingResponse(parts, 206 if asked else 200, told, media_type(stored.head))


def media_type(head: bytes) -> str:
    """Return the media type of a file that starts with `head`."""
    return next((kind for pattern, kind in SIGNATURES if pattern.match(head)), UNKNOWN_TYPE)


def wants_range(header: str | None, size: int) -> bool:
    """Return whether `header` requests a single satisfiable range; others are ignored, as RFC 9110 allows.

    Raises:
        RangeNotSatisfiable: the range begins behind the last of `size` bytes.
    """
    return asked_range(header, size) is not None


def asked_range(header: str | None, size: int) -> tuple[int, int] | None:
    """Return first and one past last byte of the requested range; None for the whole file.

    Raises:
        RangeNotSatisfiable: the range begins behind the last of `size` bytes.
    """
    match = re.fullmatch(r"bytes=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", header or "")
    if not match or match.groups() == ("", ""):
        return None
    first, last = (int(digits) if digits else None for digits in match.groups())
    if first is None:
        first, last = (size if last == 0 else max(0, size - (last or 0))), None
    elif last is not None and last < first:
        return None
    if first >= size:
        raise RangeNotSatisfiable(size=size)
    return first, size if last is None else min(last + 1, size)


class _WholeFile(FileResponse):
    """A file that is sent whole, regardless of any Range header."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [header for header in scope["headers"] if header[0] != b"range"]
        await super().__call__({**scope, "headers": headers}, receive, send)
