"""The support case: everything about one job in one zip, so that somebody else can reproduce it.

contents.py collects, redaction.py removes private data, sound.py adds the chosen audio, archive.py writes and reads
the zip. Replay (app/support/replay) starts from what archive.py reads.
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
    """How much audio goes into a case, as the person chooses."""

    WHOLE = "whole"
    STRETCH = "stretch"
    """The failed segment; without one, the least confident one."""
    HASH = "hash"
    """Only a checksum, to recognise the same recording."""


@dataclass(frozen=True, slots=True)
class CaseChoice:
    """The person's choices for a case."""

    audio: AudioChoice = AudioChoice.WHOLE
    keep_names: bool = False
    """Keep the name of the recording."""
    keep_text: bool = False
    """Keep text, hotwords and edits unredacted, including numbers."""
    segment: int | None = None
    """The segment, if the person chose one."""
    browser: str = ""
    """Id of the browser session whose actions and report belong to the case."""


@dataclass(frozen=True, slots=True)
class Installation:
    """What a case includes about the installation; plain values from the composition root."""

    settings: Mapping[str, Mapping[str, Any]]
    """By name: value, source and default."""
    host_names: tuple[str, ...]
    """Host names in the settings."""
    data_dir: Path
    log_dir: Path
    spec: EngineSpec
    limits: DecodeLimits
    folder_of_model: Callable[[str], Path | None]
    """Returns the folder of a model by name, if it still exists."""
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
