"""The form of a replay: a case, written to disk as it arrives, and the requested changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from app.domain.errors.requests import InvalidParameter
from app.domain.errors.uploads import NoFile
from app.services.options import OptionsPatch
from app.settings import checked_value
from app.support.replay.bench import ENGINE_SETTINGS, OPTIONS
from app.web.forms.file_form import FileForm
from app.web.forms.file_names import NAMELESS, display_name

if TYPE_CHECKING:
    from app.support.replay.runs import ReplayRun, Replays

CHANGES = (*ENGINE_SETTINGS, *OPTIONS)
"""What may be changed. Model folders can only be given on the command line: a page must not open any folder."""
FIELDS = ("file", *CHANGES)
LONGEST_FIELD_BYTES = 64 * 1024


class ReplayForm(FileForm):
    """The form of a replay."""

    fields = FIELDS
    longest_bytes = LONGEST_FIELD_BYTES

    def __init__(self, replays: Replays, limit_bytes: int) -> None:
        super().__init__(replays, limit_bytes)
        self._replays = replays
        self._changes: dict[str, str] = {}

    def start(self) -> ReplayRun:
        """Run the case.

        Raises:
            NoFile: the form had none.
            ReplayBusy: another one is running.
        """
        if not self.file.size_bytes:
            raise NoFile
        run = self._replays.start(self.file, display_name(self._sent_name or NAMELESS), self._changes)
        self._cleanup.pop_all()  # the replay removes it
        return run

    def set_field(self, field: str, value: str) -> None:
        value = value.replace("\0", "").strip()
        if value:  # an empty field keeps the recorded value
            _check(field, value)
            self._changes[field] = value


def _check(name: str, value: str) -> None:
    if name in OPTIONS:
        OptionsPatch.of(**{name: value})
        return
    try:
        checked_value(name, value)
    except ValidationError as error:
        raise InvalidParameter(name=name, reason=error.errors()[0]["msg"]) from error
