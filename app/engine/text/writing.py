"""Turns spoken words into written ones: digits, punctuation and spaces, with all times preserved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from app.domain.transcript import Word, join_texts
from app.engine.text.clauses import begins_with_number, ends_with_number
from app.engine.text.itn import Normalised, Replacement, normalise_with_mapping
from app.engine.text.punctuation import SLOW_SPEECH, Punctuator

NUMBER_PAUSE_SECONDS = 0.45  # between two numbers; the groups of a dictated number are 0.3 apart
SINGLE_DIGITS = frozenset("零〇幺一二三四五六七八九") | frozenset(
    ["zero", "oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
)
_SCALES = frozenset(("hundred", "thousand", "million", "billion", "point"))


@dataclass(frozen=True, slots=True)
class Written:
    """The two texts of one waveform, and the words that map between them."""

    text: str
    """Text for the reader."""
    text_raw: str
    """The model's output."""
    words: tuple[Word, ...]


def write(words: Sequence[Word], duration: float, *, itn: bool, punctuation: Punctuator | None) -> Written:
    """Turn the model's words into written text.

    Args:
        words: the model's output, each without white space.
        duration: of the waveform, in seconds.
        itn: write spoken numbers, dates and units as digits.
        punctuation: places marks where the words have none; None for no punctuation.
    """
    text_raw = join_texts(word.text for word in words)
    written = _normalised(words, text_raw) if itn else tuple(words)
    if punctuation:
        written = punctuation.punctuate(written, duration)
    return Written(join_texts(word.text for word in written), text_raw, written)


def _normalised(words: Sequence[Word], text_raw: str) -> tuple[Word, ...]:
    """Return the words with digits; words that are written together become one."""
    places = list(_places(words, text_raw))
    normalised = _normalised_apart(text_raw, [places[index][0] for index in _parted_numbers(words)])
    if not normalised.spans:
        return tuple(words)
    written: list[Word] = []
    for first, end in _groups(places, normalised.spans):
        raw_start, raw_end = places[first][0], places[end - 1][1]
        raw = text_raw[raw_start:raw_end]
        text = normalised.text[_moved(raw_start, normalised.spans) : _moved(raw_end, normalised.spans)]
        written.append(words[first] if raw == text else _together(words[first:end], text, raw))
    return tuple(written)


def _parted_numbers(words: Sequence[Word]) -> Iterator[int]:
    """Yield the index of each word that starts another number: we counted twenty ... five of them were broken.

    Digits read one by one belong together whatever the pause, and so do the parts of one number.
    """
    pauses = [after.start - before.end for before, after in pairwise(words)]
    shortest = max(NUMBER_PAUSE_SECONDS, SLOW_SPEECH * median(pauses)) if pauses else 0.0
    for index, pause in enumerate(pauses, start=1):
        if pause >= shortest and _are_two_numbers(words[index - 1].text, words[index].text):
            yield index


def _are_two_numbers(before: str, after: str) -> bool:
    is_digits = _is_digit(before) and _is_digit(after)
    return ends_with_number(before) and begins_with_number(after) and not is_digits and not _is_scale(after)


def _is_digit(word: str) -> bool:
    return word.lower() in SINGLE_DIGITS


def _is_scale(word: str) -> bool:
    """Return whether a word only continues a number: hundred, 百."""
    return word[0] in "十百千万亿" or word.lower() in _SCALES


def _normalised_apart(text: str, borders: Sequence[int]) -> Normalised:
    """Normalise each part between the borders separately."""
    written: list[str] = []
    spans: list[Replacement] = []
    position = 0
    for start, end in pairwise([0, *borders, len(text)]):
        part = normalise_with_mapping(text[start:end])
        spans += [
            Replacement(each.raw_start + start, each.raw_end + start, each.start + position, each.end + position)
            for each in part.spans
        ]
        written.append(part.text)
        position += len(part.text)
    return Normalised("".join(written), tuple(spans))


def _places(words: Sequence[Word], text_raw: str) -> Iterator[tuple[int, int]]:
    """Yield first and one past last index of each word in the joined text."""
    position = 0
    for word in words:
        position = text_raw.index(word.text, position)
        yield position, position + len(word.text)
        position += len(word.text)


def _groups(places: Sequence[tuple[int, int]], spans: Sequence[Replacement]) -> Iterator[tuple[int, int]]:
    """Yield first and one past last index of words written together: a replacement is never split."""
    first = 0
    for index, ((_, end), (start, _)) in enumerate(pairwise(places), start=1):
        if not any(span.raw_start < end and start < span.raw_end for span in spans):
            yield first, index
            first = index
    yield first, len(places)


def _moved(position: int, spans: Sequence[Replacement]) -> int:
    """Map a position in the raw text, outside all replacements, to the written text."""
    before = [span for span in spans if span.raw_end <= position]
    return before[-1].end + position - before[-1].raw_end if before else position


def _together(words: Sequence[Word], text: str, raw: str) -> Word:
    """Merge several words into one, with the lowest of their probabilities."""
    confidence = min(word.confidence for word in words)
    return Word(text, words[0].start, words[-1].end, confidence, raw)
