"""One upload: the parts of its form, checked as they arrive, the recording written to the disk as it comes.

A form that is refused or breaks off leaves nothing behind. Fields may come before or after the file.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import anyio
from starlette.requests import ClientDisconnect

from app.domain.errors.base import N_
from app.domain.errors.requests import InvalidParameter
from app.domain.errors.uploads import UploadInterrupted, UploadTooLarge
from app.domain.hotwords import unique_hotwords
from app.domain.options import TranscriptionOptions
from app.services.options import FORM_OPTIONS, SWITCHES, OptionsPatch
from app.web.forms.file_form import FileForm, Receiver
from app.web.forms.multipart import MultipartReader, PartSink
from app.web.pools import FILES

if TYPE_CHECKING:
    from starlette.requests import Request

FIELDS = ("file", *FORM_OPTIONS)
WEBHOOK_URL = "webhook_url"
LONGEST_FIELD_BYTES = 256 * 1024  # all fields but the file, together
SILENCE_SECONDS = 120.0  # a computer that fell asleep does not say goodbye
FEED_BYTES = 256 * 1024  # handed to the parser at once, so that a thread is asked seldom


class UploadForm(FileForm):
    """The form of an upload: a recording, and how it is to be read."""

    fields = FIELDS
    longest_bytes = LONGEST_FIELD_BYTES

    def __init__(self, queue: Receiver, limit_bytes: int, defaults: TranscriptionOptions) -> None:
        super().__init__(queue, limit_bytes)
        self.options = defaults
        """What was asked for so far; the rest is as the server has it."""

    def set_field(self, field: str, value: str) -> None:
        """Take one option over; a field of hotwords may be repeated."""
        given: object = value
        if field in ("hotwords", "replacements") and value.lstrip().startswith("["):
            given = json_list(value, field)
        chosen = OptionsPatch.of(**{field: given}).apply(self.options)
        if field == "hotwords":
            chosen = replace(chosen, hotwords=unique_hotwords((*self.options.hotwords, *chosen.hotwords)))
        self.options = chosen


class JobForm(UploadForm):
    """The same for a job that somebody may wait for elsewhere."""

    fields = (*FIELDS, WEBHOOK_URL)

    def __init__(self, queue: Receiver, limit_bytes: int, defaults: TranscriptionOptions) -> None:
        super().__init__(queue, limit_bytes, defaults)
        self.webhook_url = ""
        """Who is told when the job has ended; empty: nobody in particular."""

    def set_field(self, field: str, value: str) -> None:
        if field == WEBHOOK_URL:
            self.webhook_url = value.strip()
        else:
            super().set_field(field, value)


def json_list(value: str, name: str = "hotwords") -> list[Any]:
    try:
        items = json.loads(value)
    except (ValueError, RecursionError):
        items = None
    if isinstance(items, list):
        return items
    raise InvalidParameter(name=name, reason=N_("it is not a JSON list of texts"))


def form_properties(names: Iterable[str] = FORM_OPTIONS) -> dict[str, dict[str, Any]]:
    """Return the description of the form's fields beside its file, as OpenAPI wants it."""
    described = OptionsPatch.model_json_schema()["properties"]
    return {name: _form_property(name, described[name]) for name in names}


def _form_property(name: str, described: dict[str, Any]) -> dict[str, Any]:
    text = described["anyOf"][0]  # beside null
    kept: dict[str, Any] = {"description": described["description"]} | (
        {"enum": text["enum"]} if "enum" in text else {}
    )
    default = getattr(TranscriptionOptions(), name)
    if name == "hotwords":
        return {"type": "string", **kept, "example": "转写\nConformer:30"}
    if name == "replacements":
        return {"type": "string", **kept, "example": "范一安 => FunASR\nsound: 张姗 => 张珊"}
    return {"type": "boolean" if name in SWITCHES else "string", **kept, "default": default}


async def fill(form: PartSink, request: Request, limit_bytes: int, field_bytes: int = LONGEST_FIELD_BYTES) -> None:
    """Read the body of `request` into `form`; parsing and writing happen in a thread.

    Args:
        form: takes the parts.
        request: its body is read.
        limit_bytes: most that the file may have.
        field_bytes: most that all fields may have together.

    Raises:
        UploadTooLarge: at once where Content-Length says so, else when the limit is crossed.
        UploadInterrupted: the client went away, or its form has no end.
        InvalidParameter, UnknownLanguage, NoFile, DiskFull
    """
    refuse_declared_size(request.headers.get("content-length"), limit_bytes, field_bytes)
    reader = MultipartReader(request.headers.get("content-type", ""), form)
    waiting = bytearray()
    async for chunk in chunks(request):
        waiting += chunk
        if len(waiting) >= FEED_BYTES or not chunk:
            await FILES.run(reader.feed, bytes(waiting))
            waiting.clear()
    reader.finish()


async def chunks(request: Request) -> AsyncIterator[bytes]:
    """Yield the body as it arrives, and an empty chunk at its end.

    Raises:
        UploadInterrupted: the client went away, or nothing came for SILENCE_SECONDS.
    """
    stream = aiter(request.stream())
    chunk = b"?"
    while chunk:
        try:
            with anyio.fail_after(SILENCE_SECONDS):
                chunk = await anext(stream)
        except (ClientDisconnect, TimeoutError) as error:
            raise UploadInterrupted from error
        yield chunk


def refuse_declared_size(content_length: str | None, limit_bytes: int, field_bytes: int = LONGEST_FIELD_BYTES) -> None:
    """Refuse a body that can only hold a file over the limit, before any of it is read."""
    if content_length and content_length.isdecimal() and int(content_length) > limit_bytes + field_bytes:
        raise UploadTooLarge(limit_mb=limit_bytes // 2**20)
