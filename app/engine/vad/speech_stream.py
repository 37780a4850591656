"""Detects speech in streaming audio, with the same rules and options as vad.py for a whole recording.

Two things are unknown before the end and are estimated from the audio so far: how loud the recording is, and how long
a pause will last if a segment may end after less silence than twice the padding.
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

EARLIEST_PAUSE_MS = 240  # silence after which the end of a segment is likely; pauses between words are shorter
AUDIBLE_FACTOR = 10 ** (2 / 20)  # a difference of 2 dB
HEARD_AGAIN_MS = 5000

_STEPS_PER_DB = 10  # of the counted levels
_STEPS = 100 * _STEPS_PER_DB
_ENOUGH_MS = 300  # of audible sound needed before amplifying


@dataclass(frozen=True, slots=True)
class Opened:
    """Speech has lasted for the minimum duration."""

    start: float


@dataclass(frozen=True, slots=True)
class Paused:
    """The segment if the silence continues."""

    span: SpeechSpan


@dataclass(frozen=True, slots=True)
class Closed:
    """A segment is complete."""

    span: SpeechSpan


Heard: TypeAlias = Opened | Paused | Closed


class SpeechStream:
    """Takes samples as they arrive; positions are seconds from the start of the audio."""

    def __init__(self, options: VadOptions, start: float = 0.0) -> None:
        """Start at `start`, a time at which no segment is open."""
        self._options = self._wanted = usable(options)
        self._size = 1  # samples of a frame
        self._origin, self._frame = round(start * SAMPLE_RATE), 0  # the start of the frames, and the next frame
        self._loudness = _Loudness(self._options.step_ms)
        self._gain = 1.0
        self._recent: deque[tuple[Samples, float]] = deque()
        self._rest = np.zeros(0, dtype=np.int16)
        self._before: FrameSpan | None = None  # the last span, without padding
        self._closed = 0  # where it ends, padding included
        self._is_told = False  # whether the open span was reported
        self._told_pause = -1  # the pause that was reported
        self._begin()

    @property
    def open_from(self) -> float | None:
        """The start of the open segment; None without speech, or if it is still too short."""
        span = self._grouper.open
        return self._seconds(self._padded_first(span.first)) if span and self._is_told else None

    @property
    def needed_from(self) -> float:
        """Audio before this is not part of any future segment."""
        span = self._grouper.open
        return self._seconds(self._padded_first(span.first if span else self._frame))

    @property
    def is_pausing(self) -> bool:
        """Return whether the silence in the open segment makes its end likely."""
        span = self._grouper.open
        return span is not None and self._frame - span.end >= self._early

    @property
    def heard_to(self) -> float:
        return self._seconds(self._frame)

    def change(self, options: VadOptions) -> None:
        """Apply `options` from the next segment on."""
        self._wanted = usable(options)
        if self._grouper.open is None and self._wanted != self._options:
            self._begin()

    def push(self, samples: Samples) -> Iterator[Heard]:
        """Add more audio."""
        self._rest = np.concatenate([self._rest, samples])
        while len(self._rest) >= self._size:  # the size may change at the end of a segment
            frame, self._rest = self._rest[: self._size], self._rest[self._size :]
            yield from self._process(frame)

    def finish(self) -> Iterator[Heard]:
        """End the audio; the open segment is complete. Its end may exceed the audio by part of a frame."""
        if len(self._rest):
            yield from self._process(np.pad(self._rest, (0, self._size - len(self._rest)), mode="edge"))
            self._rest = self._rest[:0]
        if span := self._grouper.finish():
            yield from self._close(span)

    def cut(self) -> Iterator[Heard]:
        """End the open segment here, although the audio goes on."""
        if span := self._grouper.finish():
            yield from self._close(span)

    def discard(self) -> None:
        """Drop the open segment; nothing before this is part of any later one."""
        self._grouper.finish()
        self._is_told = False
        self._before, self._closed = None, self._frame
        if self._wanted != self._options:
            self._begin()

    def _begin(self) -> None:
        """Apply the pending options; no segment is open."""
        self._options = self._wanted
        self._count_in(SAMPLE_RATE * self._options.step_ms // 1000)
        self._replay_recent()
        self._grouper = grouper_for(self._options, self._frame)
        self._pad = pad_frames(self._options)
        self._early = max(self._pad, EARLIEST_PAUSE_MS // self._options.step_ms)

    def _count_in(self, size: int) -> None:
        """Change the frame size to `size` samples, keeping earlier positions."""
        if size == self._size:
            return
        here, closed = (self._origin + frame * self._size for frame in (self._frame, self._closed))
        self._size = size
        self._frame, self._origin = divmod(here, size)
        self._closed = -(-(closed - self._origin) // size)
        self._before = None
        self._recent = deque(maxlen=SAMPLE_RATE * HEARD_AGAIN_MS // 1000 // size)

    def _replay_recent(self) -> None:
        """Restart the detector and feed it the last seconds."""
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
        """Change the gain if it differs audibly."""
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
        """Pad a span into the silence around it; only half of it if speech already follows."""
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
    """A histogram of levels, which gives the level of loud syllables so far."""

    def __init__(self, frame_ms: int) -> None:
        self._counts = np.zeros(_STEPS, dtype=np.int64)
        self._audible = 0
        self._enough = _ENOUGH_MS // frame_ms
        self._gain = 1.0

    def gain_with(self, level: float) -> float:
        """Add the level of one more frame, and return its gain."""
        if level < FLOOR:
            return self._gain
        step = int(20 * _STEPS_PER_DB * np.log10(level))
        self._counts[min(step, _STEPS - 1)] += 1
        self._audible += 1
        if self._audible >= self._enough:
            loud = np.searchsorted(np.cumsum(self._counts), self._audible * LOUD_PERCENTILE / 100)
            self._gain = gain_for(10 ** (float(loud) / _STEPS_PER_DB / 20))
        return self._gain
