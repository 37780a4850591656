"""The seam between a waveform and its text. Nothing here imports torch: any layer above may read it.

The engine knows nothing of files, jobs, databases or settings: it gets waveforms and returns hypotheses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from app.domain.options import RecognitionOptions
from app.domain.transcript import Applied, Word

SAMPLE_RATE = 16_000  # samples per second of every waveform inside the engine
DTYPES = ("auto", "float32", "bfloat16", "float16", "int8")

Waveform: TypeAlias = npt.NDArray[np.float32]
"""Mono samples at SAMPLE_RATE in [-1, 1], shape (num_samples,)."""


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """Which engine to build; plain values, so that it can be sent to the inference process."""

    model_dir: Path
    device: str = "auto"
    """`auto`, `cpu`, `cuda`, `cuda:N` or `mps`."""
    threads: int = 0
    """CPU threads of one inference; 0 takes the physical cores less one (at least one)."""
    dtype: str = "auto"
    """One of DTYPES: the precision of the weights."""
    allow_fallback: bool = False
    """Compute on the CPU where the device asked for is absent or broken, and say so."""
    batch_seconds: float = 0.0
    """Seconds of sound, with padding, computed at once; 0 takes what is measured best."""
    punctuation_model: Path | None = None
    """Folder of a FunASR punctuation model; None places punctuation by the pauses."""
    vad_model: Path | None = None
    """Folder of a FunASR voice activity model: what holds no speech for it gets no text. None believes webrtcvad."""
    factory: str = "app.engine.native.recognizer:load_engine"
    """`module:function` called with this spec in the inference process; returns an Engine."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """One waveform and what is asked of it; those of several people may be computed together."""

    waveform: Waveform
    options: RecognitionOptions

    @property
    def seconds(self) -> float:
        return len(self.waveform) / SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """The text of one waveform."""

    text: str
    """What the person reads."""
    text_raw: str
    """As the model said it."""
    confidence: float | None
    """Mean probability of the tokens, 0 to 1; None without tokens."""
    dropped: str = ""
    """Why text was withheld (for example `unsure`, where the model saw no speech); empty otherwise."""
    words: tuple[Word, ...] = ()
    """With times from the beginning of the waveform; empty where the model gives none."""
    applied: tuple[Applied, ...] = ()
    """What happened to this one alone, for example that memory was short."""
    foreign_share: float | None = None
    """Of the tokens that were likeliest before the chosen language was forced, those of the other language; None where
    none was forced or nothing was heard."""
    emotion: str = ""
    """One of app.domain.transcript.EMOTIONS; empty where the model heard none or hears none at all."""
    events: tuple[str, ...] = ()
    """Of app.domain.transcript.EVENTS: what else the model heard."""
    language: str = ""
    """The one that the model heard; empty where it does not tell, or was told which it is."""


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What was loaded and where it runs."""

    model: str
    """Name of the model folder."""
    device: str
    dtype: str
    languages: tuple[str, ...]
    parameters: int
    load_seconds: float
    versions: tuple[tuple[str, str], ...]
    """Package versions, for example (("torch", "2.14.1"),)."""
    receipt: tuple[Applied, ...]
    """Device and dtype: asked, applied, why."""
    batch_seconds: float = 0.0
    """Seconds of sound, with padding, that are worth computing at once; 0 is one by one."""
    abilities: tuple[str, ...] = ()
    """Of `times`, `hotwords`, `punctuation` and `itn`: what the model itself can do."""


class Engine(Protocol):
    """FairLock speech into text, batch first. Calls come one at a time."""

    @property
    def info(self) -> EngineInfo: ...

    def transcribe(self, utterances: Sequence[Utterance]) -> list[Hypothesis]:
        """Return one hypothesis per utterance, in order.

        Raises:
            OutOfMemory: the device cannot hold even one of them.
            InferenceFailed: the computation itself failed.
        """
        ...

    def receipt(self, options: RecognitionOptions) -> tuple[Applied, ...]:
        """Say for each option what was asked, what is applied and why."""
        ...
