"""The channels of one session: how they share its sound, and the numbers of its segments."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

MOST_CHANNELS = 2


@dataclass(frozen=True, slots=True)
class Channels:
    """The channels that a client sends, and what they are called."""

    count: int = 1
    names: tuple[str, ...] = ()
    """Who speaks on them, in their order; empty where nobody said."""

    @property
    def numbers(self) -> tuple[int | None, ...]:
        """Return their numbers as segments have them: counted from 1, None for the only one."""
        return (None,) if self.count == 1 else tuple(range(1, self.count + 1))


MONO = Channels()


def split_channels(sound: bytes, count: int) -> list[bytes]:
    """Return the int16 samples of each channel of interleaved sound."""
    if count == 1:
        return [sound]
    frames = np.frombuffer(sound, dtype="<i2").reshape(-1, count)
    return [frames[:, channel].tobytes() for channel in range(count)]


class SegmentNumbers:
    """Numbers the segments of all channels in the order in which they begin.

    A number whose segment came to nothing is given to the next one, so that none is missing in the end.
    """

    def __init__(self, known: Iterable[int] = (), covered: float = 0.0) -> None:
        """Go on after the segments `known`, which reach up to `covered` seconds."""
        taken = set(known)
        self.next = max(taken, default=-1) + 1
        """More than any that was given away."""
        self.covered = covered
        """Where the last complete segment ends, on whatever channel."""
        self._free = sorted(set(range(self.next)) - taken)

    def take(self) -> int:
        if self._free:
            return heapq.heappop(self._free)
        self.next += 1
        return self.next - 1

    def give_back(self, number: int) -> None:
        if number == self.next - 1:
            self.next = number
        else:
            heapq.heappush(self._free, number)

    def cover(self, end: float) -> float:
        """Note that a segment is complete up to `end`; return where the segments before it end."""
        before, self.covered = self.covered, max(self.covered, end)
        return before
