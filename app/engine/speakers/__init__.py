"""Tells who speaks when in a recording. Nothing here imports torch; the networks are behind SpeakerModel.

Shape suffixes: N windows or waveforms, T frames, P people, D dimensions, C clusters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from app.engine import Waveform

Activity: TypeAlias = npt.NDArray[np.bool_]
"""Who of the people in one window speaks in each frame, shape (T, P); their order differs from window to window."""
Embeddings: TypeAlias = npt.NDArray[np.float32]
"""Vectors that point the same way for the same voice, shape (N, D)."""


@dataclass(frozen=True, slots=True)
class FrameClock:
    """When the frames of a window are."""

    window_seconds: float
    frame_seconds: float
    first_centre: float
    """Seconds from the beginning of the window to the centre of its first frame."""


@dataclass(frozen=True, slots=True)
class SpeakerModelInfo:
    name: str
    clock: FrameClock


class SpeakerModel(Protocol):
    """Networks that hear voices, batch first. Called by one thread at a time."""

    @property
    def info(self) -> SpeakerModelInfo: ...

    def activity(self, windows: Sequence[Waveform]) -> list[Activity]:
        """Return who speaks in each of several windows, all of `info.clock.window_seconds`."""
        ...

    def embeddings(self, waveforms: Sequence[Waveform]) -> Embeddings:
        """Return the voice of each waveform, which one person speaks."""
        ...
