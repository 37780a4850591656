"""What the inference process and the one that asks say to each other. Imports no torch; every message pickles."""

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
    """Chosen by the one who asks; the answer carries it."""
    utterances: tuple[Utterance, ...]


@dataclass(frozen=True, slots=True)
class ClearCache:
    """Give back what the device keeps for later computations."""


@dataclass(frozen=True, slots=True)
class Stop:
    """End after the present recognition."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The engine is loaded. The first message, unless Refused is."""

    info: EngineInfo
    rss_bytes: int
    """Memory of the process after loading."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The engine cannot be loaded; the process ends."""

    error: AppError
    traceback: str
    """For the log; errors lose it between processes."""


@dataclass(frozen=True, slots=True)
class Transcribed:
    """The answer to Transcribe: one hypothesis and one receipt per utterance, in order."""

    id: int
    hypotheses: tuple[Hypothesis, ...]
    receipts: tuple[tuple[Applied, ...], ...]


@dataclass(frozen=True, slots=True)
class Failed:
    """The other answer to Transcribe; the process goes on."""

    id: int
    error: AppError
    traceback: str


@dataclass(frozen=True, slots=True)
class Cleared:
    """The answer to ClearCache."""

    freed_bytes: int
    """Of the device's memory; 0 on a CPU, which keeps nothing."""


Request: TypeAlias = Transcribe | ClearCache | Stop
Answer: TypeAlias = Ready | Refused | Transcribed | Failed | Cleared
