"""The form of a replay: a case, written to the disk as it arrives, and what the person wants otherwise."""

from __future__ import annotations

from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Self

from pydantic import ValidationError

from app.domain.errors.base import N_
from app.domain.errors.requests import InvalidParameter
from app.domain.errors.uploads import NoFile
from app.domain.reasons import NO_SUCH_FIELD
from app.services.options import OptionsPatch
from app.settings import checked_value
from app.support.replay.bench import ENGINE_SETTINGS, OPTIONS
from app.web.forms.file_names import NAMELESS, display_name

if TYPE_CHECKING:
    from app.store.files.upload_file import UploadFile
    from app.support.replay.runs import ReplayRun, Replays

CHANGES = (*ENGINE_SETTINGS, *OPTIONS)
"""What may be tried otherwise. Folders of models are for the command line: a page must not open any folder."""
FIELDS = ("file", *CHANGES)
LONGEST_FIELD_BYTES = 64 * 1024


class ReplayForm:
    """The sink of the form. Use it as a context manager: leaving it removes a case that was not started."""

    def __init__(self, replays: Replays, limit_bytes: int) -> None:
        self._replays = replays
        self._limit_bytes = limit_bytes
        self._cleanup = ExitStack()
        self._file: UploadFile | None = None
        self._name = ""
        self._field = ""
        self._value = bytearray()
        self._changes: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._cleanup.__exit__(kind, error, trace)

    def start(self) -> ReplayRun:
        """Run the case.

        Raises:
            NoFile: the form had none.
            ReplayBusy: another one was quicker.
        """
        if self._file is None or not self._file.size_bytes:
            raise NoFile
        run = self._replays.start(self._file, self._name, self._changes)
        self._cleanup.pop_all()  # the replay removes it
        return run

    # The parts, as multipart.py hands them on

    def begin_part(self, name: str, file_name: str | None) -> None:
        if name not in FIELDS:
            raise InvalidParameter(name=name[:100], reason=NO_SUCH_FIELD.of(fields=", ".join(FIELDS)))
        self._field = name
        self._value.clear()
        if name == "file":
            self._begin_file(display_name(file_name or NAMELESS))

    def part_data(self, data: bytes) -> None:
        if self._field == "file" and self._file:
            self._file.write(data)
            return
        self._value += data
        if len(self._value) > LONGEST_FIELD_BYTES:
            raise InvalidParameter(name=self._field, reason=N_("it is too long"))

    def end_part(self) -> None:
        value = self._value.decode(errors="replace").replace("\0", "").strip()
        if self._field != "file" and value:  # an empty field: as it was recorded
            _check(self._field, value)
            self._changes[self._field] = value

    def _begin_file(self, name: str) -> None:
        if self._file is not None:
            reason = N_("a request carries exactly one file; send one request for each")
            raise InvalidParameter(name="file", reason=reason)
        self._name = name
        self._file = self._replays.receive("case", self._limit_bytes)
        self._cleanup.callback(self._file.close)


def _check(name: str, value: str) -> None:
    if name in OPTIONS:
        OptionsPatch.of(**{name: value})
        return
    try:
        checked_value(name, value)
    except ValidationError as error:
        raise InvalidParameter(name=name, reason=error.errors()[0]["msg"]) from error
