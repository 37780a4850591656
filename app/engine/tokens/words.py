"""Turns the frames of tokens into words with times: a Chinese character, or a Latin word of several pieces.

Decides how a model's frames map to seconds and how far a word extends around them; knows neither the final written
text nor the waveform's position in the recording.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from app.domain.transcript import Word, is_wide
from app.engine import SAMPLE_RATE, Waveform
from app.engine.audio.pauses import MIN_PAUSE_SECONDS, Stretch, find_pauses
from app.engine.tokens.alignment import TokenSpan
from app.engine.tokens.tokenizer import Tokenizer

REACH_SECONDS = 0.5  # how far a word may extend from the middle of its frames
EDGE_SECONDS = 0.15  # half a syllable, for first and last word without a pause beside them
OPENING = frozenset("([{<“‘（【《〈「『")


@dataclass(frozen=True, slots=True)
class FrameTimes:
    """Times of the encoder's frames: each at the centre of its convolutions' receptive field."""

    first_centre: float
    """Seconds."""
    step: float
    """Seconds between two frames."""

    @classmethod
    def of(cls, convolutions: Iterable[tuple[int, int, int]], first_centre: float, shift: float) -> FrameTimes:
        """Derive them from kernel, stride and padding of each layer, and the times of the features.

        Kernels of 3 with stride 2, three times, see 1 + 2 + 4 + 8 = 15 feature frames: 165 ms, every 80 ms.

        Args:
            convolutions: of all subsampling layers, in order.
            first_centre: seconds to the centre of the first feature frame.
            shift: seconds between two feature frames.
        """
        for kernel, stride, padding in convolutions:
            first_centre += ((kernel - 1) / 2 - padding) * shift
            shift *= stride
        return cls(first_centre, shift)

    def edge(self, frame: int) -> float:
        """Return the boundary between the previous frame and `frame`, in seconds."""
        return self.first_centre + (frame - 0.5) * self.step


def spoken_words(
    spans: Sequence[TokenSpan], tokens: Sequence[int], tokenizer: Tokenizer, times: FrameTimes, waveform: Waveform
) -> tuple[Word, ...]:
    """Return the words as the model output them, with times from the beginning of the waveform.

    They are inside the waveform, in order and non-overlapping. A word is as probable as its least probable token:
    this separates right words from wrong ones better than the mean.
    """
    texts = [tokenizer.written(token) for token in tokens]
    shown = [(text, span) for text, span in zip(texts, spans, strict=True) if text.strip()]
    stretches = iter(_stretches([span for _, span in shown], times, waveform))
    return tuple(_word(group) for group in _grouped(_letters(texts, spans, stretches)))


# Times


def _stretches(spans: Sequence[TokenSpan], times: FrameTimes, waveform: Waveform) -> list[Stretch]:
    """Return when each token is spoken: from the end of the previous one, or of the pause between them."""
    if not spans:
        return []
    marks = [(times.edge(span.start_frame), times.edge(span.end_frame)) for span in spans]
    duration = len(waveform) / SAMPLE_RATE
    pauses = _silent(find_pauses(waveform), list(map(_middle, marks)))
    bounds = [_beginning(marks[0], pauses)]
    for before, after in pairwise(marks):
        bounds += _between(before, after, pauses, times.step / 4)
    bounds.append(_ending(marks[-1], pauses))
    bounds = [min(max(bound, 0.0), duration) for bound in bounds]
    return list(zip(bounds[::2], bounds[1::2], strict=True))


def _silent(pauses: Sequence[Stretch], middles: Sequence[float]) -> list[Stretch]:
    """Drop pauses in which the model found a word: they are quiet only relative to louder speech."""
    return [pause for pause in pauses if not _holds_any(pause, middles)]


def _holds_any(pause: Stretch, middles: Sequence[float]) -> bool:
    """Return whether one of the sorted times is well inside a pause."""
    margin = min(EDGE_SECONDS, (pause[1] - pause[0]) / 2)
    return bisect_left(middles, pause[0] + margin) < bisect_left(middles, pause[1] - margin)


def _between(before: Stretch, after: Stretch, pauses: Sequence[Stretch], least: float) -> Stretch:
    """Return where one token ends and the next begins: around a pause, else both midway between them."""
    first, last = _middle(before) + least, _middle(after) - least
    begin, end = _longest_pause(pauses, first, last)
    if end - begin < MIN_PAUSE_SECONDS:
        begin = end = (before[1] + after[0]) / 2
    return min(begin, first + REACH_SECONDS), max(end, last - REACH_SECONDS)


def _longest_pause(pauses: Sequence[Stretch], first: float, last: float) -> Stretch:
    """Return the longest pause, or part of one, between two times."""
    longest = (first, first)
    for start, end in pauses[max(0, bisect_left(pauses, (first, first)) - 1) :]:
        if start >= last:
            break
        part = (max(start, first), min(end, last))
        if part[1] - part[0] > longest[1] - longest[0]:
            longest = part
    return longest


def _beginning(mark: Stretch, pauses: Sequence[Stretch]) -> float:
    middle = _middle(mark)
    ends = [end for _, end in pauses if middle - REACH_SECONDS <= end < middle]
    return ends[-1] if ends else min(mark[0], middle - EDGE_SECONDS)


def _ending(mark: Stretch, pauses: Sequence[Stretch]) -> float:
    middle = _middle(mark)
    starts = [start for start, _ in pauses if middle < start <= middle + REACH_SECONDS]
    return starts[0] if starts else max(mark[1], middle + EDGE_SECONDS)


def _middle(stretch: Stretch) -> float:
    return (stretch[0] + stretch[1]) / 2


# Words


@dataclass(frozen=True, slots=True)
class _Letter:
    """One character with its share of the token's time."""

    character: str
    start: float
    end: float
    probability: float
    is_apart: bool
    """It follows a space."""

    @property
    def is_wide(self) -> bool:
        return is_wide(self.character)

    @property
    def is_mark(self) -> bool:
        return not self.character.isalnum()

    @property
    def is_opening(self) -> bool:
        return self.character in OPENING


def _letters(texts: Sequence[str], spans: Sequence[TokenSpan], stretches: Iterator[Stretch]) -> Iterator[_Letter]:
    """Yield the non-space characters; those of one token share its time evenly."""
    is_apart = True
    for text, span in zip(texts, spans, strict=True):
        count = len("".join(text.split()))
        start, end = next(stretches) if count else (0.0, 0.0)
        passed = 0
        for character in text:
            if character.isspace():
                is_apart = True
                continue
            begin, passed = start + (end - start) * passed / count, passed + 1
            yield _Letter(character, begin, start + (end - start) * passed / count, span.probability, is_apart)
            is_apart = False


def _grouped(letters: Iterable[_Letter]) -> Iterator[list[_Letter]]:
    group: list[_Letter] = []
    for letter in letters:
        if group and not _continues(group, letter):
            yield group
            group = []
        group.append(letter)
    if group:
        yield group


def _continues(group: Sequence[_Letter], letter: _Letter) -> bool:
    """Marks belong to the preceding word, opening ones to the following word, letters to those before them."""
    if all(before.is_opening for before in group):
        return True
    if letter.is_mark:
        return not letter.is_opening
    return not (letter.is_apart or letter.is_wide or group[-1].is_wide)


def _word(group: Sequence[_Letter]) -> Word:
    probability = min(letter.probability for letter in group)
    return Word("".join(letter.character for letter in group), group[0].start, group[-1].end, probability)
