"""One upload: the parts of its form, checked as they arrive, the recording written to the disk as it comes.

A form that is refused or breaks off leaves nothing behind. Fields may come before or after the file.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from app.domain.errors.base import N_
from app.domain.errors.requests import InvalidParameter
from app.domain.errors.uploads import NoFile, UploadInterrupted, UploadTooLarge
from app.domain.hotwords import unique_hotwords
from app.domain.options import TranscriptionOptions
from app.domain.reasons import NO_SUCH_FIELD
from app.services.options import FORM_OPTIONS, SWITCHES, OptionsPatch
from app.store.files.upload_file import UploadFile
from app.web.forms.file_names import NAMELESS, display_name
from app.web.forms.multipart import MultipartReader, PartSink

if TYPE_CHECKING:
    from starlette.requests import Request

FIELDS = ("file", *FORM_OPTIONS)
LONGEST_FIELD_BYTES = 256 * 1024  # all fields but the file, together
SILENCE_SECONDS = 120.0  # a computer that fell asleep does not say goodbye
FEED_BYTES = 256 * 1024  # handed to the parser at once, so that a thread is asked seldom


class Receiver(Protocol):
    """The part of the queue that takes files in."""

    def receive(self, name: str, limit_bytes: int) -> AbstractContextManager[UploadFile]: ...


class UploadForm:
    """The sink of one multipart form. Use it as a context manager: leaving it removes a file that nobody kept."""

    def __init__(self, queue: Receiver, limit_bytes: int, defaults: TranscriptionOptions) -> None:
        self._queue = queue
        self._limit_bytes = limit_bytes
        self._cleanup = ExitStack()
        self._file: UploadFile | None = None
        self._field = ""
        self._value = bytearray()
        self._field_bytes = 0
        self._options = defaults
        self._sent_name: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._cleanup.__exit__(kind, error, trace)

    @property
    def options(self) -> TranscriptionOptions:
        """What was asked for so far; the rest is as the server has it."""
        return self._options

    @property
    def file(self) -> UploadFile:
        """The received file.

        Raises:
            NoFile: the form had none, or the empty one of a browser where nobody chose a file.
        """
        if self._file is None or (self._sent_name == "" and not self._file.size_bytes):
            raise NoFile
        return self._file

    def begin_part(self, name: str, file_name: str | None) -> None:
        if name not in FIELDS:
            raise InvalidParameter(name=name[:100], reason=NO_SUCH_FIELD.of(fields=", ".join(FIELDS)))
        self._field = name
        self._value.clear()
        if name == "file":
            self._begin_file(file_name)

    def part_data(self, data: bytes) -> None:
        if self._field == "file" and self._file:
            self._file.write(data)
            return
        self._field_bytes += len(data)
        if self._field_bytes > LONGEST_FIELD_BYTES:
            raise InvalidParameter(name=self._field, reason=N_("it is too long"))
        self._value += data

    def end_part(self) -> None:
        if self._field != "file":
            self._choose(self._field, self._value.decode(errors="replace"))

    def _choose(self, name: str, value: str) -> None:
        """Take one option over, validated on arrival; a field of hotwords may be repeated."""
        given: object = value
        if name == "hotwords" and value.lstrip().startswith("["):
            given = _json_list(value)
        chosen = OptionsPatch.of(**{name: given}).apply(self._options)
        if name == "hotwords":
            chosen = replace(chosen, hotwords=unique_hotwords((*self._options.hotwords, *chosen.hotwords)))
        self._options = chosen

    def _begin_file(self, file_name: str | None) -> None:
        if self._file is not None:
            reason = N_("a request carries exactly one file; send one request for each")
            raise InvalidParameter(name="file", reason=reason)
        self._sent_name = file_name
        name = display_name(file_name or NAMELESS)
        self._file = self._cleanup.enter_context(self._queue.receive(name, self._limit_bytes))


def _json_list(value: str) -> list[Any]:
    try:
        items = json.loads(value)
    except (ValueError, RecursionError):
        items = None
    if isinstance(items, list):
        return items
    raise InvalidParameter(name="hotwords", reason=N_("it is not a JSON list of texts"))


def form_properties() -> dict[str, dict[str, Any]]:
    """Return the description of the form's fields beside its file, as OpenAPI wants it."""
    described = OptionsPatch.model_json_schema()["properties"]
    return {name: _form_property(name, described[name]) for name in FORM_OPTIONS}


def _form_property(name: str, described: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {key: described[key] for key in ("description", "enum") if key in described}
    default = getattr(TranscriptionOptions(), name)
    if name == "hotwords":
        return {"type": "string", **kept, "example": "转写\nConformer:30"}
    return {"type": "boolean" if name in SWITCHES else "string", **kept, "default": default}


async def fill(form: PartSink, request: Request, limit_bytes: int) -> None:
    """Read the body of `request` into `form`; parsing and writing happen in a thread.

    Raises:
        UploadTooLarge: at once where Content-Length says so, else when the limit is crossed.
        UploadInterrupted: the client went away, or its form has no end.
        InvalidParameter, UnknownLanguage, NoFile, DiskFull
    """
    refuse_declared_size(request.headers.get("content-length"), limit_bytes)
    reader = MultipartReader(request.headers.get("content-type", ""), form)
    waiting = bytearray()
    async for chunk in chunks(request):
        waiting += chunk
        if len(waiting) >= FEED_BYTES or not chunk:
            await run_in_threadpool(reader.feed, bytes(waiting))
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


def refuse_declared_size(content_length: str | None, limit_bytes: int) -> None:
    """Refuse a body that can only hold a file over the limit, before any of it is read."""
    if (
        content_length
        and content_length.isdecimal()
        and int(content_length) > limit_bytes + LONGEST_FIELD_BYTES
    ):
        raise UploadTooLarge(limit_mb=limit_bytes // 2**20)
