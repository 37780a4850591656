"""Who spoke when, in the recorded run and in this one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.speakers import SpeakerTurn

STEP = 0.05  # seconds between the moments that are compared


@dataclass(frozen=True, slots=True)
class SpeakersComparison:
    """The speakers, then and now."""

    recorded: int
    here: int
    differing: float
    """Share of the moments with speech at which others speak, after the speakers were matched."""


def compare_speakers(recorded: Sequence[SpeakerTurn], here: Sequence[SpeakerTurn]) -> SpeakersComparison:
    """Compare turns; the numbers of the speakers need not be the same."""
    then, now = _moments(recorded), _moments(here)
    numbers = _matched(then, now)
    every = then.keys() | now.keys()
    differing = sum(
        {numbers.get(speaker, -speaker) for speaker in then.get(moment, ())} != now.get(moment, set())
        for moment in every
    )
    return SpeakersComparison(
        len({turn.speaker for turn in recorded}), len({turn.speaker for turn in here}), differing / max(1, len(every))
    )


def _moments(turns: Sequence[SpeakerTurn]) -> dict[int, set[int]]:
    """Return who speaks, for each step of time at which somebody does."""
    found: defaultdict[int, set[int]] = defaultdict(set)
    for turn in turns:
        for moment in range(round(turn.start / STEP), round(turn.end / STEP)):
            found[moment].add(turn.speaker)
    return dict(found)


def _matched(then: dict[int, set[int]], now: dict[int, set[int]]) -> dict[int, int]:
    """Return whom each recorded speaker is now: those with most time in common first."""
    shared: defaultdict[tuple[int, int], int] = defaultdict(int)
    for moment, speakers in then.items():
        for old in speakers:
            for new in now.get(moment, ()):
                shared[old, new] += 1
    numbers: dict[int, int] = {}
    for old, new in sorted(shared, key=shared.__getitem__, reverse=True):
        if old not in numbers and new not in numbers.values():
            numbers[old] = new
    return numbers
