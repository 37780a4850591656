"""What rules of replacement would change in a transcription, before anything is saved."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.domain.replacements import ReplacementRule
from app.domain.transcription import SegmentRecord
from app.engine.text.replacing import apply_rule

LONGEST_SECONDS = 10.0  # of computing; slow regular expressions end a trial early


@dataclass(frozen=True, slots=True)
class ChangedPlace:
    """A segment that would be written otherwise."""

    index: int
    start: float
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Trial:
    """What rules would change."""

    places: tuple[ChangedPlace, ...]
    counts: tuple[int, ...]
    """How often each rule was applied, in the order of the rules."""
    slow: tuple[bool, ...]
    """Whether a rule took too long somewhere."""
    is_whole: bool
    """False if the time was not enough for all segments."""


def try_rules(segments: Iterable[SegmentRecord], rules: Sequence[ReplacementRule]) -> Trial:
    """Apply rules to the written text of segments without storing anything."""
    end = time.monotonic() + LONGEST_SECONDS
    counts: Counter[int] = Counter()
    slow: set[int] = set()
    places: list[ChangedPlace] = []
    is_whole = True
    for segment in segments:
        if not (is_whole := time.monotonic() < end):
            break
        after = _written(segment.text, rules, counts, slow)
        if after != segment.text:
            places.append(ChangedPlace(segment.index, segment.start, segment.text, after))
    numbers = range(len(rules))
    return Trial(
        tuple(places), tuple(counts[each] for each in numbers), tuple(each in slow for each in numbers), is_whole
    )


def _written(text: str, rules: Sequence[ReplacementRule], counts: Counter[int], slow: set[int]) -> str:
    for number, rule in enumerate(rules):
        try:
            found = apply_rule(rule, text, ())
        except TimeoutError:
            slow.add(number)
            continue
        text = found.text
        counts[number] += found.count
    return text
