"""The form of a comparison: a recording or a transcription, how it is to be read, and what was said."""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from pydantic import TypeAdapter, ValidationError

from app.domain.errors.base import N_
from app.domain.errors.requests import InvalidParameter
from app.domain.errors.uploads import NoFile
from app.domain.reasons import NO_SUCH_FIELD
from app.web.forms.file_names import NAMELESS, display_name
from app.web.schemas.comparisons import Variant

if TYPE_CHECKING:
    from app.domain.options import TranscriptionOptions
    from app.store.files.upload_file import UploadFile

FIELDS = ("file", "transcription", "variants", "reference")
LONGEST_FIELD_BYTES = 1024 * 1024  # of all but the file, together
_VARIANTS = TypeAdapter(list[Variant])


class Receiver(Protocol):
    """The part of the queue that takes files in."""

    def receive(self, name: str, limit_bytes: int) -> AbstractContextManager[UploadFile]: ...


class ComparisonForm:
    """The sink of the form. Use it as a context manager: leaving it removes a file that nobody kept."""

    def __init__(self, queue: Receiver, limit_bytes: int) -> None:
        self._queue = queue
        self._limit_bytes = limit_bytes
        self._cleanup = ExitStack()
        self._file: UploadFile | None = None
        self._field = ""
        self._value = bytearray()
        self._field_bytes = 0
        self._values: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._cleanup.__exit__(kind, error, trace)

    @property
    def transcription(self) -> str:
        """Id of the transcription whose recording is read again; empty where a file was sent."""
        return self._values.get("transcription", "").strip()

    @property
    def reference(self) -> str:
        return self._values.get("reference", "").replace("\0", "")

    @property
    def file(self) -> UploadFile:
        """The received file.

        Raises:
            NoFile: there was none.
        """
        if self._file is None or not self._file.size_bytes:
            raise NoFile
        return self._file

    def variants(self) -> list[Variant]:
        """Return how the recording is to be read.

        Raises:
            InvalidParameter: that is not told, or not in the right shape.
        """
        try:
            return _VARIANTS.validate_json(self._values.get("variants", ""))
        except ValidationError as error:
            raise InvalidParameter(name="variants", reason=error.errors()[0]["msg"]) from error

    # The parts, as multipart.py hands them on

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
            self._values[self._field] = self._value.decode(errors="replace")

    def _begin_file(self, file_name: str | None) -> None:
        if self._file is not None:
            reason = N_("a request carries exactly one file; send one request for each")
            raise InvalidParameter(name="file", reason=reason)
        name = display_name(file_name or NAMELESS)
        self._file = self._cleanup.enter_context(self._queue.receive(name, self._limit_bytes))


def options_of(variant: Variant, usual: TranscriptionOptions) -> TranscriptionOptions:
    """Return what is asked of one reading.

    Raises:
        UnknownLanguage, InvalidParameter
    """
    return variant.apply(usual)
