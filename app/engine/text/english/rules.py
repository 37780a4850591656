"""The rules that turn one spoken English number into its written form, in the order they are tried.

A rule reads the words of a phrase from a position on and returns its replacement, or None to pass. A `Written`
without text keeps these words and skips them. The policy is in itn.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.engine.text.english import amounts, codes, relations, times
from app.engine.text.english import numbers as en
from app.engine.text.english.phrase import Phrase, Written
from app.engine.text.english.vocabulary import (
    BEFORE_SPAN,
    BEFORE_SPAN_OR_RANK,
    NOT_ORDINAL_AFTER,
    RANKED,
)

if TYPE_CHECKING:
    from collections.abc import Callable


# set phrases: their written form, or None if they stay words
SET_PHRASES: dict[str, str | None] = {
    "twenty four seven": "24/7",
    "twenty twenty vision": "20/20 vision",
    "fifty fifty": None,
    "catch twenty two": None,
    "nine to five": None,
    "nine eleven": None,
    "seven eleven": None,
    "ten to one": None,
    "whole nine yards": None,
    "three mile island": None,
    "forty niners": "49ers",
    "forty winks": None,
    "ten commandments": None,
    "eleventh hour": None,
    "sixth sense": None,
    "one hundred and one dalmatians": None,
    "a hundred and one": None,
    "twelve angry men": None,
    "ocean's eleven": None,
}
_SET_WORDS = [(tuple(phrase.split()), written) for phrase, written in SET_PHRASES.items()]


def set_phrase(phrase: Phrase, at: int) -> Written | None:
    for words, new in _SET_WORDS:
        if phrase.words[at : at + len(words)] == list(words):
            return phrase.written(at, at + len(words), new)
    return None


def ordinal(phrase: Phrase, at: int) -> Written | None:
    """Twenty first -> 21st; first to ninth stay words."""
    found = en.ordinal(phrase.words, at)
    if found is None:
        return None
    if phrase.words[found.stop - 1] == "second" and phrase.word(found.stop) not in RANKED:
        following, previous = phrase.word(found.stop), phrase.word(at - 1)
        if following in NOT_ORDINAL_AFTER or previous in BEFORE_SPAN:
            return None
        if found.value > 10 and following and previous in BEFORE_SPAN_OR_RANK:  # the thirty second mark: ambiguous
            return phrase.written(at, found.stop, None)
        if found.value > 10 and following.endswith("s") and following not in RANKED:
            return None
    if found.value < 10 or phrase.word(at) in ("hundredth", "thousandth", "millionth"):
        return phrase.written(at, found.stop, None)
    return phrase.written(at, found.stop, f"{found.value:,}{en.ordinal_suffix(found.value)}")


RULES: tuple[Callable[[Phrase, int], Written | None], ...] = (
    set_phrase,
    codes.letter_before,
    codes.international,
    amounts.article_price,
    relations.power,
    codes.dotted,
    codes.street_number,
    times.month_date,
    times.day_of_month,
    codes.room_number,
    times.military,
    times.clock,
    relations.score,
    relations.share,
    times.spoken_clock,
    codes.digit_string,
    codes.letter_after,
    times.year,
    relations.mixed_fraction,
    relations.fraction,
    ordinal,
    relations.three_digits,
    relations.number_pair,
    relations.size,
    amounts.quantity,
)
