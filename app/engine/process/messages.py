"""Messages between the inference process and its parent. Imports no torch; every message can be pickled."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from app.domain.errors.base import AppError
from app.domain.transcript import Applied
from app.engine import EngineInfo, Hypothesis, Utterance, Waveform
from app.engine.speakers import Activity, Embeddings, SpeakerModelInfo


@dataclass(frozen=True, slots=True)
class Transcribe:
    """Recognise these utterances."""

    id: int
    """Chosen by the sender, and returned with the answer."""
    utterances: tuple[Utterance, ...]


@dataclass(frozen=True, slots=True)
class HearVoices:
    """Ask the model of speakers in a folder, which is loaded on the first request, see SpeakerModel."""

    folder: Path
    task: Literal["info", "activity", "embeddings"]
    waveforms: tuple[Waveform, ...] = ()


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
class VoicesHeard:
    """The answer to HearVoices: what the method of that name returned."""

    heard: SpeakerModelInfo | list[Activity] | Embeddings


@dataclass(frozen=True, slots=True)
class Failed:
    """The other answer to Transcribe and HearVoices; the process continues."""

    error: AppError
    traceback: str


@dataclass(frozen=True, slots=True)
class Cleared:
    """The answer to ClearCache."""

    freed_bytes: int
    """Device memory freed; 0 on a CPU, which caches nothing."""


Request: TypeAlias = Transcribe | HearVoices | ClearCache | Stop
Answer: TypeAlias = Ready | Refused | Transcribed | VoicesHeard | Failed | Cleared
