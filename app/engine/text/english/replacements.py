"""Finds spoken numbers in English text and returns their written forms: the walk over phrases, not the rules."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from app.engine.text.english.codes import LETTERS_BEFORE
from app.engine.text.english.numbers import MULTIPLES, NUMBER_WORDS, ORDINALS, ZEROS
from app.engine.text.english.phrase import Phrase, Written
from app.engine.text.english.rules import RULES
from app.engine.text.english.vocabulary import MONTHS

if TYPE_CHECKING:
    from collections.abc import Iterator

_PHRASE = re.compile(r"(?<![A-Za-z])[A-Za-z]+(?:['’][A-Za-z]+)*(?:(?:[ \t]{1,4}|-)[A-Za-z]+(?:['’][A-Za-z]+)*)*+")
_WORD = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)*")
_STARTS = frozenset(
    {
        *NUMBER_WORDS,
        *ORDINALS,
        *MULTIPLES,
        *ZEROS,
        "a",
        "minus",
        "plus",
        "negative",
        "point",
        "ocean's",
        "whole",
        *LETTERS_BEFORE,
        *MONTHS,
    }
)


def replacements(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield (start, end, written) for each part of `text` that is written differently, in order, non-overlapping."""
    for found in _PHRASE.finditer(text):
        yield from _in_phrase(_phrase(text, found.start(), found.end()))


def _phrase(text: str, start: int, end: int) -> Phrase:
    spans = [word.span() for word in _WORD.finditer(text, start, end)]
    return Phrase(text, [text[a:b].lower() for a, b in spans], spans)


def _in_phrase(phrase: Phrase) -> Iterator[tuple[int, int, str]]:
    at = 0
    while at < len(phrase.words):
        written = _written(phrase, at) if phrase.words[at] in _STARTS else None
        if written is None:
            at += 1
            continue
        if written.new is not None and written.new != phrase.text[written.start : written.end]:
            yield written.start, written.end, written.new
        at = written.stop


def _written(phrase: Phrase, at: int) -> Written | None:
    return next((found for rule in RULES if (found := rule(phrase, at))), None)
