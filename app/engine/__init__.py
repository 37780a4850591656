"""The interface between a waveform and its text. Nothing here imports torch: any layer above may import it.

The engine knows nothing about files, jobs, databases or settings: it gets waveforms and returns hypotheses.
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
    """Use the CPU if the requested device is absent or broken, and report it."""
    batch_seconds: float = 0.0
    """Batch size in padded seconds; 0 uses the measured optimum."""
    punctuation_model: Path | None = None
    """Folder of a FunASR punctuation model; None punctuates by pauses."""
    vad_model: Path | None = None
    """Folder of a FunASR VAD model, which suppresses text without speech; None disables this second check."""
    factory: str = "app.engine.native.recognizer:load_engine"
    """`module:function` called with this spec in the inference process; returns an Engine."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """One waveform and its options; those of several users may be batched."""

    waveform: Waveform
    options: RecognitionOptions

    @property
    def seconds(self) -> float:
        return len(self.waveform) / SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """The text of one waveform."""

    text: str
    """The text as shown."""
    text_raw: str
    """The model's raw output."""
    confidence: float | None
    """Mean probability of the tokens, 0 to 1; None without tokens."""
    dropped: str = ""
    """Why text was suppressed (for example `unsure`); empty otherwise."""
    words: tuple[Word, ...] = ()
    """With times from the start of the waveform; empty if the model gives none."""
    applied: tuple[Applied, ...] = ()
    """Receipt lines for this utterance only, for example that memory was short."""
    foreign_share: float | None = None
    """Share of likeliest tokens in the other language before the chosen one was forced; None if none was forced or
    nothing was recognised."""
    emotion: str = ""
    """One of app.domain.transcript.EMOTIONS; empty if the model detected none or cannot."""
    events: tuple[str, ...] = ()
    """Detected events, of app.domain.transcript.EVENTS."""
    language: str = ""
    """The detected language; empty if the model does not detect it, or it was chosen."""


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What was loaded, and where it runs."""

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
    """Preferred batch size in padded seconds; 0 means no batching."""


class Engine(Protocol):
    """Turns speech into text, batch first. Called by one thread at a time."""

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
        """Return for each option what was requested, what is applied and why."""
        ...
