"""How files show a transcript: the length of subtitles, and the names of the channels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from app.domain.errors.base import N_
from app.domain.errors.requests import InvalidParameter

LINE_LENGTHS = (10, 200)
LINES = (1, 4)
CUE_SECONDS = (0.0, 60.0)
LONGEST_NAME = 40
SEPARATOR = ","  # between names of channels


@dataclass(frozen=True, slots=True)
class ExportStyle:
    """What a person may choose of a file.

    Raises:
        InvalidParameter: a value is out of its bounds, or two do not fit each other.
    """

    line_length: int = 42
    """Columns of a line of subtitles; a Chinese character takes two."""
    lines: int = 1
    """Lines of a cue."""
    cue_min_s: float = 0.0
    """A shorter cue stays until the next one begins."""
    cue_max_s: float = 7.0
    """Longer speech is cut into several cues."""
    channel_names: tuple[str, ...] = ()
    """Who speaks on the channels, in their order; one without a name keeps its number."""

    def __post_init__(self) -> None:
        self._require("line_length", LINE_LENGTHS[0] <= self.line_length <= LINE_LENGTHS[1], N_("it must be 10 to 200"))
        self._require("lines", LINES[0] <= self.lines <= LINES[1], N_("it must be 1 to 4"))
        for name in ("cue_min_s", "cue_max_s"):
            is_inside = CUE_SECONDS[0] <= getattr(self, name) <= CUE_SECONDS[1]
            self._require(name, is_inside, N_("it must be 0 to 60 seconds"))
        self._require(
            "cue_max_s", self.cue_max_s >= max(1.0, self.cue_min_s), N_("it must be at least 1 and cue_min_s")
        )
        are_short = all(len(name) <= LONGEST_NAME for name in self.channel_names)
        self._require("channel_names", are_short, N_("a name is longer than 40 characters"))

    @classmethod
    def of(cls, channel_names: str = "", **values: float | None) -> Self:
        """Return the style for what a person wrote; names are parted by commas, and None is the usual value."""
        names = tuple(name.strip() for name in channel_names.split(SEPARATOR)) if channel_names.strip() else ()
        given = {name: value for name, value in values.items() if value is not None}
        return cls(**given, channel_names=names)  # type: ignore[arg-type]  # the interfaces check the types

    def name_of(self, channel: int) -> str:
        """Return the name of a channel, counted from 1; empty if it has none."""
        return self.channel_names[channel - 1] if channel <= len(self.channel_names) else ""

    def _require(self, name: str, holds: bool, reason: str) -> None:
        if not holds:
            raise InvalidParameter(name=name, reason=reason)


USUAL_STYLE = ExportStyle()
