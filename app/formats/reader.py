"""The reader of a file: a person with a language and a time zone, or a program."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

_MEDIA_SUFFIX = re.compile(r"\.(?=\d?[A-Za-z])[A-Za-z0-9]{2,5}$")
"""Extension of a media file (.opus, .3gp), not the digits of a time or version (13.05, v1.2)."""


@dataclass(frozen=True, slots=True)
class Reader:
    """How headings, codes and times are worded."""

    translate: Callable[[str], str] = str
    states: Mapping[str, str] = field(default_factory=dict)
    """Labels for the states of a recording."""
    languages: Mapping[str, str] = field(default_factory=dict)
    zone: tzinfo = UTC

    def state(self, code: str) -> str:
        return self.states.get(code, code)

    def language(self, code: str) -> str:
        """Return the name of a language; empty if it has none, or there was no speech."""
        return self.languages.get(code, "") if code != "none" else ""

    def local_time(self, moment: datetime) -> str:
        """Write a time in the reader's zone, with its offset: 2026-11-23 02:57:01+08:00."""
        return moment.astimezone(self.zone).isoformat(" ", "seconds")

    def utc_time(self, moment: datetime) -> str:
        return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def title_of(name: str) -> str:
    """Return a document's title for a recording: the file name without folders and extension."""
    last = name.rsplit("/", 1)[-1]
    return _MEDIA_SUFFIX.sub("", last) or last


def clock(seconds: float) -> str:
    """Format a duration or a position: 0:07, 12:30, 1:02:03."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
