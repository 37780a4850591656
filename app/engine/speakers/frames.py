"""Joins what was heard in overlapping windows to one line of frames: how many speak, and where the voice changes.

A window does not know the people of the next one, so only counts and changes are joined; who it is, is decided by
the voices (see clustering.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from app.engine.speakers import Activity, FrameClock

Span: TypeAlias = tuple[float, float]
"""Start and end in seconds."""
Flags: TypeAlias = npt.NDArray[np.bool_]

WINDOW_STEP = 0.5  # of a window's length: every frame is heard twice
BRIDGED_SECONDS = 0.3  # a shorter silence does not end a stretch of one voice


@dataclass(frozen=True, slots=True)
class SpeechFrames:
    """The frames of a whole recording."""

    count: npt.NDArray[np.uint8]
    """How many people speak."""
    is_change: Flags
    """Where another voice goes on without a pause."""
    frame_seconds: float
    offset: float
    """When the first frame begins, in seconds."""

    def frame(self, seconds: float) -> int:
        return int(np.clip(round((seconds - self.offset) / self.frame_seconds), 0, len(self.count)))

    def seconds(self, frame: int) -> float:
        return max(0.0, frame * self.frame_seconds + self.offset)


def window_starts(spans: Sequence[Span], clock: FrameClock) -> list[float]:
    """Return where to listen: a regular grid, as far as it has speech."""
    step = clock.window_seconds * WINDOW_STEP
    numbers = sorted({number for start, end in spans for number in _numbers(start, end, clock.window_seconds, step)})
    return [number * step for number in numbers]


def _numbers(start: float, end: float, length: float, step: float) -> range:
    return range(max(0, int((start - length) // step) + 1), max(0, int(end // step)) + 1)


class FrameJoiner:
    """Takes the windows of a recording one by one."""

    def __init__(self, clock: FrameClock, duration: float) -> None:
        self._clock = clock
        size = int((duration + 2 * clock.window_seconds) / clock.frame_seconds)
        self._people = np.zeros(size, dtype=np.float32)
        self._weight = np.zeros(size, dtype=np.float32)
        self._is_change = np.zeros(size, dtype=np.bool_)
        self._length = int(duration / clock.frame_seconds) + 1

    def add(self, start: float, activity: Activity) -> None:
        """Add a window; its middle counts more, because both sides of it were heard."""
        first, length = round(start / self._clock.frame_seconds), len(activity)
        weight = np.hamming(length).astype(np.float32)
        place = slice(first, first + length)
        self._people[place] += activity.sum(1) * weight
        self._weight[place] += weight
        middle = slice(0 if first == 0 else length // 4, length - length // 4)
        self._is_change[place][middle] |= _changes(activity)[middle]

    def frames(self, spans: Iterable[Span]) -> SpeechFrames:
        """Return the joined frames, silent outside of `spans`."""
        clock = self._clock
        offset = clock.first_centre - clock.frame_seconds / 2
        count = np.rint(self._people / np.maximum(self._weight, 1e-6)).astype(np.uint8)[: self._length]
        frames = SpeechFrames(count, self._is_change[: self._length], clock.frame_seconds, offset)
        is_inside = np.zeros(len(count), dtype=np.bool_)
        for start, end in spans:
            is_inside[frames.frame(start) : frames.frame(end)] = True
        count[~is_inside] = 0
        return frames


def _changes(activity: Activity) -> Flags:
    """Return the frames at which one person alone speaks who is not the one that spoke alone before."""
    alone = np.flatnonzero(activity.sum(1) == 1)
    people = activity[alone].argmax(1)
    is_change = np.zeros(len(activity), dtype=np.bool_)
    is_change[alone[1:][people[1:] != people[:-1]]] = True
    return is_change


def stretches(is_on: Flags) -> list[tuple[int, int]]:
    """Return the first frame and the one after the last of each run of true frames."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], is_on.astype(np.int8), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def single_voices(frames: SpeechFrames) -> list[Span]:
    """Return the stretches in which one person at a time speaks, cut where the voice changes."""
    bridged = max(1, round(BRIDGED_SECONDS / frames.frame_seconds))
    joined: list[list[int]] = []
    for first, end in stretches(frames.count == 1):
        if joined and first - joined[-1][1] < bridged and frames.count[joined[-1][1] : first].max() == 0:
            joined[-1][1] = end
        else:
            joined.append([first, end])
    found: list[Span] = []
    for first, end in joined:
        inside = (first + 1 + np.flatnonzero(frames.is_change[first + 1 : end])).tolist()
        edges = [first, *inside, end]
        found += [(frames.seconds(a), frames.seconds(b)) for a, b in pairwise(edges)]
    return found
