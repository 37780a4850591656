"""The interface of speech detectors; detection.py lists them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from app.domain.options import VadOptions
from app.engine.vad.frames import Frames, Levels

Samples: TypeAlias = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Judgement:
    """A detector's result for a recording, before the options that do not need the samples are applied."""

    levels: Levels
    duration: float
    """Seconds."""
    arrays: Mapping[str, npt.NDArray[Any]]
    """The detector's own, by the names they are stored under."""


class Detector(Protocol):
    """Distinguishes speech from other sound."""

    def check(self) -> None:
        """Load what the detector needs.

        Raises:
            ModelFileUnreadable: it cannot be loaded here.
        """
        ...

    def file_name(self, options: VadOptions) -> str:
        """Return the file name for a judgement; it does not depend on options that only `frames` uses."""
        ...

    def judge(self, pcm: Path, options: VadOptions) -> Judgement:
        """Classify every frame of a file written by `decode`."""
        ...

    def frames(self, judgement: Judgement, options: VadOptions) -> Frames:
        """Return which frames are speech."""
        ...

    def live(self, options: VadOptions) -> FrameDetector:
        """Return a detector for frames as they arrive."""
        ...


class FrameDetector(Protocol):
    """Classifies frames as they arrive."""

    def is_speech(self, frame: Samples, *, is_audible: bool) -> bool:
        """Classify the next frame, normalised to ordinary loudness; inaudible frames are never speech."""
        ...

    @property
    def is_clear(self) -> bool:
        """Return whether the last frame belongs to speech rather than to a burst of something else."""
        ...

    @property
    def hears_again(self) -> bool:
        """Whether it must be restarted and re-fed the last seconds when the gain suddenly changes."""
        ...
