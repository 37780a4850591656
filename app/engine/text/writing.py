"""From words as they were said to words as people write them: figures, punctuation and spaces, every time kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from app.domain.transcript import Word, join_texts
from app.engine.text.itn import Replacement, normalise_with_mapping
from app.engine.text.punctuation import Punctuator


@dataclass(frozen=True, slots=True)
class Written:
    """The two texts of one waveform, and the words that map one to the other."""

    text: str
    """What the person reads."""
    text_raw: str
    """As the model said it."""
    words: tuple[Word, ...]


def write(words: Sequence[Word], duration: float, *, itn: bool, punctuation: Punctuator | None) -> Written:
    """Write words as people do.

    Args:
        words: as the model said them, each without white space.
        duration: of the waveform, in seconds.
        itn: write spoken numbers, dates and units as digits.
        punctuation: places marks where the words have none; None places nothing.
    """
    text_raw = join_texts(word.text for word in words)
    written = _normalised(words, text_raw) if itn else tuple(words)
    if punctuation:
        written = punctuation.punctuate(written, duration)
    return Written(join_texts(word.text for word in written), text_raw, written)


def _normalised(words: Sequence[Word], text_raw: str) -> tuple[Word, ...]:
    """Return the words with digits; those that are written together become one word."""
    normalised = normalise_with_mapping(text_raw)
    if not normalised.spans:
        return tuple(words)
    places = list(_places(words, text_raw))
    written: list[Word] = []
    for first, end in _groups(places, normalised.spans):
        raw_start, raw_end = places[first][0], places[end - 1][1]
        raw = text_raw[raw_start:raw_end]
        text = normalised.text[_moved(raw_start, normalised.spans) : _moved(raw_end, normalised.spans)]
        written.append(words[first] if raw == text else _together(words[first:end], text, raw))
    return tuple(written)


def _places(words: Sequence[Word], text_raw: str) -> Iterator[tuple[int, int]]:
    """Yield first and one past last index of each word in the joined text."""
    position = 0
    for word in words:
        position = text_raw.index(word.text, position)
        yield position, position + len(word.text)
        position += len(word.text)


def _groups(places: Sequence[tuple[int, int]], spans: Sequence[Replacement]) -> Iterator[tuple[int, int]]:
    """Yield first and one past last word of what is written together: what a replacement covers is not parted."""
    first = 0
    for index, ((_, end), (start, _)) in enumerate(pairwise(places), start=1):
        if not any(span.raw_start < end and start < span.raw_end for span in spans):
            yield first, index
            first = index
    yield first, len(places)


def _moved(position: int, spans: Sequence[Replacement]) -> int:
    """Return where a position of the raw text, outside all replacements, is in the written text."""
    before = [span for span in spans if span.raw_end <= position]
    return before[-1].end + position - before[-1].raw_end if before else position


def _together(words: Sequence[Word], text: str, raw: str) -> Word:
    """Make one word of several; it is as probable as the least probable of them."""
    confidence = min(word.confidence for word in words)
    return Word(text, words[0].start, words[-1].end, confidence, raw)
