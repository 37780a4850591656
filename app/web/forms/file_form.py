"""A form with one file and some fields, read as it arrives: the file goes to disk, each field is validated."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType
from typing import ClassVar, Protocol, Self

from app.domain.errors.base import N_
from app.domain.errors.requests import InvalidParameter
from app.domain.errors.uploads import NoFile
from app.domain.reasons import NO_SUCH_FIELD
from app.store.files.upload_file import UploadFile
from app.web.forms.file_names import NAMELESS, display_name


class Receiver(Protocol):
    """Opens files for uploads."""

    def receive(self, name: str, limit_bytes: int) -> AbstractContextManager[UploadFile]: ...


class FileForm(ABC):
    """The sink of one multipart form. A context manager: on exit, a file that nobody took over is removed."""

    fields: ClassVar[Collection[str]]
    """The allowed names of parts, with that of the file."""
    file_field: str = "file"
    """The name of the part with the file."""
    longest_bytes: ClassVar[int]
    """All fields but the file, together."""

    def __init__(self, receiver: Receiver, limit_bytes: int) -> None:
        self._receiver = receiver
        self._limit_bytes = limit_bytes
        self._cleanup = ExitStack()
        self._file: UploadFile | None = None
        self._sent_name: str | None = None
        self._field = ""
        self._value = bytearray()
        self._field_bytes = 0

    @abstractmethod
    def set_field(self, field: str, value: str) -> None:
        """Set a field from its complete value."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._cleanup.__exit__(kind, error, trace)

    @property
    def file(self) -> UploadFile:
        """The received file.

        Raises:
            NoFile: there was none, or the empty one that browsers send if none was selected.
        """
        if self._file is None or (self._sent_name == "" and not self._file.size_bytes):
            raise NoFile
        return self._file

    # The parts, called by multipart.py

    def begin_part(self, name: str, file_name: str | None, content_type: str) -> None:  # noqa: ARG002 - for those who keep it
        self._refuse_unknown(name)
        self._field = name
        self._value.clear()
        if name == self.file_field:
            self._begin_file(file_name)

    def part_data(self, data: bytes) -> None:
        if self._field == self.file_field and self._file:
            self._file.write(data)
            return
        self._field_bytes += len(data)
        if self._field_bytes > self.longest_bytes:
            raise InvalidParameter(name=self._field, reason=N_("it is too long"))
        self._value += data

    def end_part(self) -> None:
        if self._field != self.file_field:
            self.set_field(self._field, self._value.decode(errors="replace"))

    def _refuse_unknown(self, name: str) -> None:
        if name not in self.fields:
            raise InvalidParameter(name=name[:100], reason=NO_SUCH_FIELD.of(fields=", ".join(self.fields)))

    def _begin_file(self, file_name: str | None) -> None:
        if self._file is not None:
            reason = N_("a request carries exactly one file; send one request for each")
            raise InvalidParameter(name=self.file_field, reason=reason)
        self._sent_name = file_name
        name = display_name(file_name or NAMELESS)
        self._file = self._cleanup.enter_context(self._receiver.receive(name, self._limit_bytes))
