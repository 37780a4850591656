"""One upload: the parts of its form, checked as they arrive, the recording written to the disk as it comes.

A form that is refused or breaks off leaves nothing behind. Fields may come before or after the file.
"""

from __future__ import annotations

import json
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from app.errors import N_, InvalidParameter, NoFile, UnknownLanguage, UploadInterrupted, UploadTooLarge
from app.jobs.queue import LANGUAGES, IncomingFile, JobOptions
from app.web.multipart import MultipartReader
from app.web.names import NAMELESS, display_name

if TYPE_CHECKING:
    from starlette.requests import Request

FIELDS = ("file", "language", "hotwords", "itn")
TRUE_WORDS = ("true", "1", "on", "yes")
FALSE_WORDS = ("false", "0", "off", "no")
LONGEST_FIELD_BYTES = 256 * 1024  # all fields but the file, together
MOST_HOTWORDS = 1000
LONGEST_HOTWORD = 100  # characters
FEED_BYTES = 256 * 1024  # handed to the parser at once, so that a thread is asked seldom


class Receiver(Protocol):
    """The part of the queue that takes files in."""

    def receive(self, name: str, limit_bytes: int) -> AbstractContextManager[IncomingFile]: ...


class UploadForm:
    """The sink of one multipart form. Use it as a context manager: leaving it removes a file that nobody kept."""

    def __init__(self, queue: Receiver, limit_bytes: int, defaults: JobOptions) -> None:
        self._queue = queue
        self._limit_bytes = limit_bytes
        self._cleanup = ExitStack()
        self._file: IncomingFile | None = None
        self._field = ""
        self._value = bytearray()
        self._field_bytes = 0
        self._chosen = _Choices(defaults)
        self._sent_name: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._cleanup.__exit__(kind, error, trace)

    @property
    def options(self) -> JobOptions:
        return self._chosen.options()

    @property
    def file(self) -> IncomingFile:
        """The received file.

        Raises:
            NoFile: the form had none, or the empty one of a browser where nobody chose a file.
        """
        if self._file is None or (self._sent_name == "" and not self._file.size_bytes):
            raise NoFile
        return self._file

    def begin_part(self, name: str, file_name: str | None) -> None:
        if name not in FIELDS:
            reason = N_("there is no such field; the fields are file, language, hotwords and itn")
            raise InvalidParameter(name=name[:100], reason=reason)
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
            self._chosen.take(self._field, self._value.decode(errors="replace"))

    def _begin_file(self, file_name: str | None) -> None:
        if self._file is not None:
            reason = N_("a request carries exactly one file; send one request for each")
            raise InvalidParameter(name="file", reason=reason)
        self._sent_name = file_name
        name = display_name(file_name or NAMELESS)
        self._file = self._cleanup.enter_context(self._queue.receive(name, self._limit_bytes))


class _Choices:
    """The fields beside the file, each checked when it has arrived."""

    def __init__(self, defaults: JobOptions) -> None:
        self._defaults = defaults
        self._language = defaults.language
        self._itn = defaults.itn
        self._hotwords: dict[str, None] = {}

    def take(self, field: str, value: str) -> None:
        if field == "language":
            self._language = parse_language(value)
        elif field == "itn":
            self._itn = parse_switch(field, value)
        else:
            self._hotwords |= dict.fromkeys(parse_hotwords(value))
            if len(self._hotwords) > MOST_HOTWORDS:
                raise InvalidParameter(name=field, reason=N_("there are more than 1000 words"))

    def options(self) -> JobOptions:
        return JobOptions(
            language=self._language, hotwords=tuple(self._hotwords), itn=self._itn, vad=self._defaults.vad
        )


async def fill(form: UploadForm, request: Request, limit_bytes: int) -> None:
    """Read the body of `request` into `form`; parsing and writing happen in a thread.

    Raises:
        UploadTooLarge: at once where Content-Length says so, else when the limit is crossed.
        UploadInterrupted: the client went away, or its form has no end.
        InvalidParameter, UnknownLanguage, NoFile, DiskFull
    """
    refuse_declared_size(request.headers.get("content-length"), limit_bytes)
    reader = MultipartReader(request.headers.get("content-type", ""), form)
    waiting = bytearray()
    try:
        async for chunk in request.stream():
            waiting += chunk
            if len(waiting) >= FEED_BYTES or len(chunk) == 0:
                await run_in_threadpool(reader.feed, bytes(waiting))
                waiting.clear()
    except ClientDisconnect as error:
        raise UploadInterrupted from error
    reader.finish()


def refuse_declared_size(content_length: str | None, limit_bytes: int) -> None:
    """Refuse a body that can only hold a file over the limit, before any of it is read."""
    if (
        content_length
        and content_length.isdecimal()
        and int(content_length) > limit_bytes + LONGEST_FIELD_BYTES
    ):
        raise UploadTooLarge(limit_mb=limit_bytes // 2**20)


def parse_language(value: str) -> str:
    """Return a known language; nothing means `auto`.

    Raises:
        UnknownLanguage: it is none of LANGUAGES.
    """
    language = value.strip().lower() or "auto"
    if language not in LANGUAGES:
        raise UnknownLanguage(language=value[:40], known=", ".join(LANGUAGES))
    return language


def parse_switch(name: str, value: str) -> bool:
    """Return the truth of `true 1 on yes` or `false 0 off no`.

    Raises:
        InvalidParameter: it is neither.
    """
    word = value.strip().lower()
    if word in TRUE_WORDS + FALSE_WORDS:
        return word in TRUE_WORDS
    raise InvalidParameter(name=name, reason=N_("it is neither true nor false"))


def parse_hotwords(value: str) -> list[str]:
    """Return the words of one field: one on each line, or a JSON list.

    Raises:
        InvalidParameter: the JSON is broken or holds other things than texts, or a word is too long.
    """
    words = _json_words(value) if value.lstrip().startswith("[") else value.splitlines()
    words = [" ".join(word.split()) for word in words]
    if any(len(word) > LONGEST_HOTWORD for word in words):
        raise InvalidParameter(name="hotwords", reason=N_("a word is longer than 100 characters"))
    return [word for word in words if word]


def _json_words(value: str) -> list[str]:
    try:
        words = json.loads(value)
    except (ValueError, RecursionError):
        words = None
    if isinstance(words, list) and all(isinstance(word, str) for word in words):
        return words
    raise InvalidParameter(name="hotwords", reason=N_("it is not a JSON list of texts"))
