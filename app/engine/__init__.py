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

from app.transcript import Applied

SAMPLE_RATE = 16_000  # samples per second of every waveform inside the engine
LANGUAGES = ("auto", "zh", "en")

Waveform: TypeAlias = npt.NDArray[np.float32]
"""Mono samples at SAMPLE_RATE in [-1, 1], shape (num_samples,)."""


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """Which engine to build; plain values, so that it can be sent to the process that infers."""

    model_dir: Path
    device: str = "auto"
    """`auto`, `cpu`, `cuda`, `cuda:N` or `mps`."""
    threads: int = 0
    """CPU threads of one inference; 0 takes the physical cores less one (at least one)."""
    factory: str = "app.engine.recognizer:load_engine"
    """`module:function` called with this spec in the process that infers; returns an Engine."""


@dataclass(frozen=True, slots=True)
class RecognitionOptions:
    """What a person may ask of one recognition."""

    language: str = "auto"
    """One of LANGUAGES. `zh` and `en` forbid the characters of the other language; `auto` allows both."""
    hotwords: tuple[str, ...] = ()
    itn: bool = True
    """Write spoken numbers, dates and units as digits."""


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


class Engine(Protocol):
    """Turns speech into text, batch first. Calls come one at a time."""

    @property
    def info(self) -> EngineInfo: ...

    def transcribe(self, waveforms: Sequence[Waveform], options: RecognitionOptions) -> list[Hypothesis]:
        """Return one hypothesis per waveform, in order.

        Raises:
            OutOfMemory: the device cannot hold even one of them.
            InferenceFailed: the computation itself failed.
        """
        ...

    def receipt(self, options: RecognitionOptions) -> tuple[Applied, ...]:
        """Say for each option what was asked, what is applied and why."""
        ...
