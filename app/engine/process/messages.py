"""Messages between the inference process and its parent. Imports no torch; every message can be pickled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from app.domain.errors.base import AppError
from app.domain.transcript import Applied
from app.engine import EngineInfo, Hypothesis, Utterance


@dataclass(frozen=True, slots=True)
class Transcribe:
    """Recognise these utterances."""

    id: int
    """Chosen by the sender, and returned with the answer."""
    utterances: tuple[Utterance, ...]


@dataclass(frozen=True, slots=True)
class ClearCache:
    """Release the device's cached memory."""


@dataclass(frozen=True, slots=True)
class Stop:
    """End after the current recognition."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The engine is loaded. Always the first message, or else Refused."""

    info: EngineInfo
    rss_bytes: int
    """Memory of the process after loading."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The engine cannot be loaded; the process ends."""

    error: AppError
    traceback: str
    """For the log; errors lose it when pickled."""


@dataclass(frozen=True, slots=True)
class Transcribed:
    """The answer to Transcribe: one hypothesis and one receipt per utterance, in order."""

    id: int
    hypotheses: tuple[Hypothesis, ...]
    receipts: tuple[tuple[Applied, ...], ...]


@dataclass(frozen=True, slots=True)
class Failed:
    """The other answer to Transcribe; the process continues."""

    id: int
    error: AppError
    traceback: str


@dataclass(frozen=True, slots=True)
class Cleared:
    """The answer to ClearCache."""

    freed_bytes: int
    """Device memory freed; 0 on a CPU, which caches nothing."""


Request: TypeAlias = Transcribe | ClearCache | Stop
Answer: TypeAlias = Ready | Refused | Transcribed | Failed | Cleared
