"""The rules that turn one spoken English number into its written form, in the order in which they are asked.

A rule looks at the words of a phrase from one position on and returns what it covers, or None to pass. A
`Written` without text says: these words stay, go on after them. The policy is told in itn.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.engine.text.english import amounts, times
from app.engine.text.english import numbers as en
from app.engine.text.english.phrase import Phrase, Written
from app.engine.text.english.times import two_digits
from app.engine.text.english.vocabulary import (
    DESIGNATORS,
    NOT_ORDINAL_AFTER,
)

if TYPE_CHECKING:
    from collections.abc import Callable


# set phrases: their written form, or None where they stay words
SET_PHRASES: dict[str, str | None] = {
    "twenty four seven": "24/7",
    "twenty twenty vision": "20/20 vision",
    "fifty fifty": None,
    "catch twenty two": None,
    "nine to five": None,
    "nine eleven": None,
    "seven eleven": None,
    "ten to one": None,
    "one two three": None,
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
            if words == ("one", "two", "three"):
                return _counting(phrase, at)
            return phrase.written(at, at + len(words), new)
    return None


def _counting(phrase: Phrase, at: int) -> Written | None:
    """One two three four: counting aloud stays words, unless it is a number that was asked for."""
    spoken, stop = en.digits(phrase.words, at)
    if phrase.word(at - 1) in DESIGNATORS or not "123456789".startswith(spoken):
        return None
    return phrase.written(at, stop, None)


def digit_string(phrase: Phrase, at: int) -> Written | None:
    """Three or more digits read one by one: five five five one two three four, room two oh five."""
    spoken, stop = en.digits(phrase.words, at)
    if len(spoken) < 3 or phrase.word(stop) in ("hundred", *en.SCALES, "point"):
        return None
    words = phrase.words[at:stop]
    if "o" in (words[0], words[-1]) or (words[0] == "oh" and words[1] not in en.ONES):
        return None
    if words[-1] == "oh":
        return None
    return phrase.written(at, stop, spoken)


def room_number(phrase: Phrase, at: int) -> Written | None:
    """Flight one twenty three."""
    if phrase.word(at - 1) not in DESIGNATORS or phrase.word(at) not in en.ONES:
        return None
    rest = two_digits(phrase, at + 1)
    return phrase.written(at, rest.stop, f"{en.ONES[phrase.word(at)]}{rest.value:02d}") if rest else None


def ordinal(phrase: Phrase, at: int) -> Written | None:
    """Twenty first -> 21st; first to ninth stay words."""
    found = en.ordinal(phrase.words, at)
    if found is None:
        return None
    if phrase.words[found.stop - 1] == "second" and phrase.word(found.stop) in NOT_ORDINAL_AFTER:
        return None
    if found.value < 10 or phrase.word(at) in ("hundredth", "thousandth", "millionth"):
        return phrase.written(at, found.stop, None)
    return phrase.written(at, found.stop, f"{found.value:,}{en.ordinal_suffix(found.value)}")


RULES: tuple[Callable[[Phrase, int], Written | None], ...] = (
    set_phrase,
    times.month_date,
    times.day_of_month,
    times.clock,
    times.spoken_clock,
    digit_string,
    room_number,
    times.year,
    amounts.fraction,
    ordinal,
    amounts.number_pair,
    amounts.quantity,
)
