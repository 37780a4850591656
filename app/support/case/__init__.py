"""The support case: everything about one job in one zip, so that somebody else can see and repeat what happened.

contents.py gathers, redaction.py takes out what is private, sound.py brings the audio that the person chose,
archive.py writes the zip and reads it again. Replay (app/support/replay) starts from what archive.py reads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from app.engine import EngineSpec
from app.engine.audio.facts import DecodeLimits
from app.support.doctor.examination import Examination

FORMAT = "funasr-case"
FORMAT_VERSION = 1
MANIFEST_NAME = "manifest.json"


class AudioChoice(StrEnum):
    """How much of the sound goes into a case; the person decides."""

    WHOLE = "whole"
    STRETCH = "stretch"
    """The segment that failed; without one, that of which the model was least sure."""
    HASH = "hash"
    """None of it: the checksum tells whether somebody has the same recording."""


@dataclass(frozen=True, slots=True)
class CaseChoice:
    """What a person decides about a case."""

    audio: AudioChoice = AudioChoice.WHOLE
    keep_names: bool = False
    """Leave the name of the recording as it is."""
    keep_text: bool = False
    """Leave text, hotwords and corrections as they are, with every number in them."""
    segment: int | None = None
    """The stretch, where the person names it."""
    browser: str = ""
    """The browser's own number for what was done in it; its steps and its report belong to the case."""


@dataclass(frozen=True, slots=True)
class Installation:
    """What a case tells about the installation; plain values, given by the composition root."""

    settings: Mapping[str, Mapping[str, Any]]
    """Name: its value, where it comes from, and its default."""
    host_names: tuple[str, ...]
    """Names of machines that settings hold."""
    data_dir: Path
    log_dir: Path
    spec: EngineSpec
    limits: DecodeLimits
    folder_of_model: Callable[[str], Path | None]
    """The folder of a model by its name, where it is still there."""
    examination: Callable[[], Examination]
    """The doctor's report."""


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a case."""

    name: str
    what: str
    """English, its own translation key."""
    content: bytes | Path

    @property
    def size(self) -> int:
        return self.content.stat().st_size if isinstance(self.content, Path) else len(self.content)
