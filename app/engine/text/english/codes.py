"""Numbers used as names: phone numbers, codes, rooms, versions, houses and machines."""

from __future__ import annotations

from app.engine.text.english import numbers as en
from app.engine.text.english.phrase import Phrase, Written
from app.engine.text.english.times import two_digits
from app.engine.text.english.vocabulary import DESIGNATORS, NO_STREET, STREETS, UNITS

CODE_BEFORE = DESIGNATORS | {"pin", "code", "password", "dial", "press", "social"}
E164_DIGITS = range(9, 16)  # of an international number, country code included
SHORT_CODES, LENGTH_AFTER_SHORT_CODE = "17", 10
LETTERS_AFTER = {"k": range(2, 1000), "g": range(2, 7), "d": range(2, 5)}  # 10k run, 5g network, 3d printing
LETTERS_BEFORE = {"q": range(1, 5), "mp": range(3, 5)}  # q3 results, mp3 player


def digit_string(phrase: Phrase, at: int) -> Written | None:
    """Three or more digits read one by one: five five five one two three four, room two oh five."""
    spoken, stop = _digits(phrase, at)
    if len(spoken) < 3 or phrase.word(stop) in ("hundred", *en.SCALES, "point"):
        return None
    words = phrase.words[at:stop]
    if "o" in (words[0], words[-1]) or (words[0] == "oh" and words[1] not in en.ONES):
        return None
    if words[-1] == "oh" and "oh" not in words[:-1]:
        return None
    return phrase.written(at, stop, None if _counting(phrase, at, spoken) else spoken)


def _digits(phrase: Phrase, at: int) -> tuple[str, int]:
    """Digits with separators: five five five dash one two; one eight hundred five five five ..."""
    spoken, stop = en.digits(phrase.words, at)
    more, after = en.digits(phrase.words, stop + 1)
    if phrase.word(stop) == "hundred" and spoken and len(more) >= 7:
        return f"{spoken}00{more}", after
    while spoken and more and phrase.word(stop) == "dash":
        spoken, stop = f"{spoken}-{more}", after
        more, after = en.digits(phrase.words, stop + 1)
    return spoken, stop


def _counting(phrase: Phrase, at: int, spoken: str) -> bool:
    """One two three four, three two one: counting aloud stays words, unless a code is expected."""
    asked = phrase.word(at - 1) in CODE_BEFORE or (phrase.word(at - 1) == "is" and phrase.word(at - 2) in CODE_BEFORE)
    return not asked and ("123456789".startswith(spoken) or "987654321".endswith(spoken))


def international(phrase: Phrase, at: int) -> Written | None:
    """Plus eighty six one three eight ... -> +86 138...: a country code, then a number of seven digits or more."""
    if phrase.word(at) != "plus":
        return None
    code = en.below_hundred(phrase.words, at + 1)
    if code is None or code.value < 20:
        return _international_digits(phrase, at)
    spoken, stop = en.digits(phrase.words, code.stop)
    return phrase.written(at, stop, f"+{code.value} {spoken}") if len(spoken) >= 7 else None


def _international_digits(phrase: Phrase, at: int) -> Written | None:
    """Plus one four one five ... -> +1 415...: codes 1 and 7 have one digit; how long others are, the digits do not say."""
    spoken, stop = en.digits(phrase.words, at + 1)
    if len(spoken) not in E164_DIGITS or spoken[0] == "0":
        return None
    has_short_code = spoken[0] in SHORT_CODES and len(spoken) == LENGTH_AFTER_SHORT_CODE + 1
    return phrase.written(at, stop, f"+{spoken[0]} {spoken[1:]}" if has_short_code else f"+{spoken}")


def dotted(phrase: Phrase, at: int) -> Written | None:
    """One ninety two dot one sixty eight dot one dot one, two dot five."""
    part = _part(phrase, at)
    parts = []
    while part:
        parts.append(part[0])
        stop = part[1]
        part = _part(phrase, stop + 1) if phrase.word(stop) == "dot" else None
    return phrase.written(at, stop, ".".join(parts)) if len(parts) > 1 else None


def _part(phrase: Phrase, at: int) -> tuple[str, int] | None:
    """The digits of one ninety two, twelve oh four, sixteen, one hundred, zero, and the index after them."""
    head = en.below_hundred(phrase.words, at)
    rest = two_digits(phrase, head.stop) if head and head.value < 100 else None
    if head and rest:
        return f"{head.value}{rest.value:02d}", rest.stop
    spoken, stop = en.digits(phrase.words, at)
    if len(spoken) > 1 or spoken == "0":
        return spoken, stop
    whole = en.cardinal(phrase.words, at)
    return (str(whole.value), whole.stop) if whole else None


def room_number(phrase: Phrase, at: int) -> Written | None:
    """Flight one twenty three, room twelve oh four."""
    head = en.below_hundred(phrase.words, at)
    if phrase.word(at - 1) not in DESIGNATORS or head is None:
        return None
    rest = two_digits(phrase, head.stop)
    return phrase.written(at, rest.stop, f"{head.value}{rest.value:02d}") if rest else None


def street_number(phrase: Phrase, at: int) -> Written | None:
    """Twelve fifty main street."""
    part = _part(phrase, at)
    if part is None or len(part[0]) < 2:
        return None
    following = [phrase.word(part[1] + ahead) for ahead in range(3)]
    name = next((n for n, word in enumerate(following) if word in STREETS), 0)
    if not name or any(word in UNITS | NO_STREET | en.ORDINALS.keys() for word in following[:name]):
        return None
    return phrase.written(at, part[1], part[0])


def letter_after(phrase: Phrase, at: int) -> Written | None:
    """Ten k, five g, three d."""
    number = en.cardinal(phrase.words, at)
    letter = phrase.word(number.stop) if number else ""
    if number is None or number.value not in LETTERS_AFTER.get(letter, ()):
        return None
    start, end = phrase.spans[number.stop]
    return phrase.written(at, number.stop + 1, f"{number.value}{phrase.text[start:end]}")


def letter_before(phrase: Phrase, at: int) -> Written | None:
    """Q three."""
    value = en.ONES.get(phrase.word(at + 1), 0)
    if value not in LETTERS_BEFORE.get(phrase.word(at), ()) or phrase.word(at + 2) in en.NUMBER_WORDS:
        return None
    start, end = phrase.spans[at]
    return phrase.written(at, at + 2, f"{phrase.text[start:end]}{value}")
