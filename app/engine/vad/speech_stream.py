"""Finds the speech in sound that still arrives, with the same rules and options as vad.py does in a whole recording.

Two things cannot be known before the end, and are judged by what has been heard so far: how loud the recording is,
and how long a pause will last where a segment may end after less silence than twice the padding.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from app.domain.options import VadOptions
from app.domain.speech import SpeechSpan
from app.engine import SAMPLE_RATE
from app.engine.vad.detection import detector_for, usable
from app.engine.vad.frames import FLOOR, LOUD_PERCENTILE, gain_for, louder
from app.engine.vad.grouping import FrameSpan
from app.engine.vad.vad import grouper_for, pad_frames, takes_bursts

Samples: TypeAlias = npt.NDArray[np.int16]

EARLIEST_PAUSE_MS = 240  # silence after which the end of a segment becomes likely; between words it is shorter
AUDIBLE_FACTOR = 10 ** (2 / 20)  # a difference of 2 dB
HEARD_AGAIN_MS = 5000

_STEPS_PER_DB = 10  # of the counted levels
_STEPS = 100 * _STEPS_PER_DB
_ENOUGH_MS = 300  # of audible sound, before anything is made louder


@dataclass(frozen=True, slots=True)
class Opened:
    """Somebody speaks, for as long as speech must last at least."""

    start: float


@dataclass(frozen=True, slots=True)
class Paused:
    """If the silence goes on, this will be the segment."""

    span: SpeechSpan


@dataclass(frozen=True, slots=True)
class Closed:
    """A segment is complete."""

    span: SpeechSpan


Heard: TypeAlias = Opened | Paused | Closed


class SpeechStream:
    """Takes samples as they come; positions are seconds from the beginning of the sound."""

    def __init__(self, options: VadOptions, start: float = 0.0) -> None:
        """Begin at `start`, a time at which no segment is open."""
        self._options = self._wanted = usable(options)
        self._size = 1  # samples of a frame
        self._origin, self._frame = round(start * SAMPLE_RATE), 0  # where the frames begin, and the next one
        self._loudness = _Loudness(self._options.step_ms)
        self._gain = 1.0
        self._recent: deque[tuple[Samples, float]] = deque()
        self._rest = np.zeros(0, dtype=np.int16)
        self._before: FrameSpan | None = None  # the last span, without padding
        self._closed = 0  # where it ends, padding included
        self._is_told = False  # that the open span is there
        self._told_pause = -1  # the pause that was told
        self._begin()

    @property
    def open_from(self) -> float | None:
        """Where the open segment begins; None where nobody speaks, or not long enough yet."""
        span = self._grouper.open
        return self._seconds(self._padded_first(span.first)) if span and self._is_told else None

    @property
    def needed_from(self) -> float:
        """What lies before is in no segment that is still to come."""
        span = self._grouper.open
        return self._seconds(self._padded_first(span.first if span else self._frame))

    @property
    def is_pausing(self) -> bool:
        """The silence in the open segment has lasted so long that its end is likely."""
        span = self._grouper.open
        return span is not None and self._frame - span.end >= self._early

    @property
    def heard_to(self) -> float:
        return self._seconds(self._frame)

    def change(self, options: VadOptions) -> None:
        """Let `options` hold from the next segment on."""
        self._wanted = usable(options)
        if self._grouper.open is None and self._wanted != self._options:
            self._begin()

    def push(self, samples: Samples) -> Iterator[Heard]:
        """Take more sound."""
        self._rest = np.concatenate([self._rest, samples])
        while len(self._rest) >= self._size:  # which may change at the end of a segment
            frame, self._rest = self._rest[: self._size], self._rest[self._size :]
            yield from self._process(frame)

    def finish(self) -> Iterator[Heard]:
        """End the sound: what is still open is complete. Its end may lie behind the sound by a part of a frame."""
        if len(self._rest):
            yield from self._process(np.pad(self._rest, (0, self._size - len(self._rest)), mode="edge"))
            self._rest = self._rest[:0]
        if span := self._grouper.finish():
            yield from self._close(span)

    def _begin(self) -> None:
        """Let the wanted options hold; nobody speaks."""
        self._options = self._wanted
        self._count_in(SAMPLE_RATE * self._options.step_ms // 1000)
        self._replay_recent()
        self._grouper = grouper_for(self._options, self._frame)
        self._pad = pad_frames(self._options)
        self._early = max(self._pad, EARLIEST_PAUSE_MS // self._options.step_ms)

    def _count_in(self, size: int) -> None:
        """Let a frame have `size` samples; what has been told before keeps its place."""
        if size == self._size:
            return
        here, closed = (self._origin + frame * self._size for frame in (self._frame, self._closed))
        self._size = size
        self._frame, self._origin = divmod(here, size)
        self._closed = -(-(closed - self._origin) // size)
        self._before = None
        self._recent = deque(maxlen=SAMPLE_RATE * HEARD_AGAIN_MS // 1000 // size)

    def _replay_recent(self) -> None:
        """Begin with a detector that has heard the last seconds."""
        self._detector = detector_for(self._options)
        for frame, level in self._recent:
            self._is_speech(frame, level)

    def _process(self, frame: Samples) -> Iterator[Heard]:
        level = float(frame.std(dtype=np.float32))
        self._adjust(self._loudness.gain_with(level))
        is_speech = self._is_speech(frame, level)
        is_clear = self._detector.is_clear or takes_bursts(self._options)
        span = self._grouper.add(is_speech, level, is_clear=is_clear)
        self._recent.append((frame, level))
        self._frame += 1
        if span:
            yield from self._close(span)
        yield from self._open_events()

    def _is_speech(self, frame: Samples, level: float) -> bool:
        is_audible = level * self._gain >= FLOOR
        return self._detector.is_speech(louder(frame, self._gain), is_audible=is_audible)

    def _adjust(self, gain: float) -> None:
        """Judge by another gain where it differs audibly."""
        if max(gain / self._gain, self._gain / gain) < AUDIBLE_FACTOR:
            return
        self._gain = gain
        if self._detector.hears_again:
            self._replay_recent()

    def _open_events(self) -> Iterator[Heard]:
        span = self._grouper.open
        if span is None or span.is_short:
            return
        if not self._is_told:
            self._is_told = True
            yield Opened(self._seconds(self._padded_first(span.first)))
        if self._frame - span.end == self._early and span.end != self._told_pause:
            self._told_pause = span.end
            yield Paused(self._padded(FrameSpan(span.first, span.end)))

    def _close(self, span: FrameSpan) -> Iterator[Heard]:
        if not span.too_short:
            if not self._is_told:
                yield Opened(self._seconds(self._padded_first(span.first)))
            padded = self._padded(span)
            self._before, self._closed = span, round(padded.end * SAMPLE_RATE - self._origin) // self._size
            yield Closed(padded)
        self._is_told = False
        if self._grouper.open is None and self._wanted != self._options:
            self._begin()

    def _padded(self, span: FrameSpan) -> SpeechSpan:
        """Widen a span as far as there is silence; half of it where somebody speaks behind it already."""
        following = self._grouper.open
        room = self._frame - span.end
        if following and following.first > span.first:
            room = (following.first - span.end) // 2
        first, end = self._padded_first(span.first), span.end + min(self._pad, room)
        return SpeechSpan(self._seconds(first), self._seconds(end))

    def _padded_first(self, first: int) -> int:
        if self._before is None:
            return max(first - self._pad, self._closed)
        gap = first - self._before.end
        return max(first - min(self._pad, gap // 2), self._closed)

    def _seconds(self, frame: int) -> float:
        return (self._origin + frame * self._size) / SAMPLE_RATE


class _Loudness:
    """Counts levels, so that the loud syllables of all that was heard are known at any time."""

    def __init__(self, frame_ms: int) -> None:
        self._counts = np.zeros(_STEPS, dtype=np.int64)
        self._audible = 0
        self._enough = _ENOUGH_MS // frame_ms
        self._gain = 1.0

    def gain_with(self, level: float) -> float:
        """Count the level of one more frame, and return the factor for it."""
        if level < FLOOR:
            return self._gain
        step = int(20 * _STEPS_PER_DB * np.log10(level))
        self._counts[min(step, _STEPS - 1)] += 1
        self._audible += 1
        if self._audible >= self._enough:
            loud = np.searchsorted(np.cumsum(self._counts), self._audible * LOUD_PERCENTILE / 100)
            self._gain = gain_for(10 ** (float(loud) / _STEPS_PER_DB / 20))
        return self._gain
