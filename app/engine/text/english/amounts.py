"""Quantities: money, percentages, decimals, units, fractions, pairs, and whole numbers from ten on."""

from __future__ import annotations

from app.engine.text.english import numbers as en
from app.engine.text.english.phrase import Phrase, Written
from app.engine.text.english.vocabulary import (
    DESIGNATORS,
    FRACTIONS,
    UNITS,
)


def quantity(phrase: Phrase, at: int) -> Written | None:
    """Money, percentages, decimals, units, signed numbers, and whole numbers from ten on."""
    start = at
    negative = phrase.word(at) in ("minus", "negative") and phrase.word(at - 1) not in en.NUMBER_WORDS
    at += negative
    number = _amount(phrase, at)
    if number is None:
        return None
    shown, stop, plain = number
    following = phrase.word(stop)
    sign = "-" if negative else ""
    if following in ("dollars", "dollar", "euros"):
        return _money(phrase, start, stop, sign, shown)
    if following == "percent" or (following == "per" and phrase.word(stop + 1) == "cent"):
        return phrase.written(start, stop + 1 + (following == "per"), f"{sign}{shown}%")
    if not negative and not _counts(phrase, start, stop, plain):
        while phrase.word(stop) in en.NUMBER_WORDS:
            stop += 1
        return phrase.written(start, stop, None)
    return phrase.written(start, stop, sign + shown)


def _amount(phrase: Phrase, at: int) -> tuple[str, int, int | None] | None:
    """What is shown, the index after it, and the value where it is a whole number."""
    whole = en.cardinal(phrase.words, at)
    if whole is None:
        leads = phrase.opens(at) or phrase.word(at - 1) in ("by", "than", "of", "minus", "negative")
        if phrase.word(at) == "point" and leads:
            return _fraction_digits(phrase, at, "0")
        return None
    if phrase.word(whole.stop) == "point":
        return _fraction_digits(phrase, whole.stop, str(whole.value)) or (
            _grouped(whole),
            whole.stop,
            whole.value,
        )
    return _grouped(whole), whole.stop, whole.value


def _fraction_digits(phrase: Phrase, point: int, shown: str) -> tuple[str, int, None] | None:
    """Point one four, point fourteen, and further points of a version."""
    stop = point
    while phrase.word(stop) == "point":
        spoken, after = en.digits(phrase.words, stop + 1)
        if not spoken:
            pair = en.below_hundred(phrase.words, stop + 1)
            if pair is None:
                break
            spoken, after = str(pair.value), pair.stop
        shown, stop = f"{shown}.{spoken}", after
    if stop == point:
        return None
    if phrase.word(stop) in en.SCALES:
        return f"{shown} {phrase.word(stop)}", stop + 1, None
    return shown, stop, None


def _grouped(number: en.Cardinal) -> str:
    """2,500; 3.2 million; 2008 without a comma."""
    if number.year_like:
        return str(number.value)
    for name, size in sorted(en.SCALES.items(), key=lambda item: -item[1]):
        if size > 1000 and number.value >= size and number.value % (size // 100) == 0:
            return f"{number.value / size:.2f}".rstrip("0").rstrip(".") + f" {name}"
    return f"{number.value:,}"


def _money(phrase: Phrase, at: int, stop: int, sign: str, shown: str) -> Written:
    mark = "€" if phrase.word(stop) == "euros" else "$"
    joined = stop + 1 + (phrase.word(stop + 1) == "and")
    cents = None if "." in shown or " " in shown else en.below_hundred(phrase.words, joined)
    if cents and phrase.word(cents.stop) in ("cents", "cent"):
        return phrase.written(at, cents.stop + 1, f"{sign}{mark}{shown}.{cents.value:02d}")
    if cents and cents.value >= 10 and joined == stop + 1 and not phrase.word(cents.stop):
        return phrase.written(at, cents.stop, f"{sign}{mark}{shown}.{cents.value}")
    return phrase.written(at, stop + 1, f"{sign}{mark}{shown}")


def _counts(phrase: Phrase, at: int, stop: int, value: int | None) -> bool:
    """Whether a number without sign or currency is written in digits."""
    if value is None:
        return True
    following = phrase.word(stop)
    if following in en.NUMBER_WORDS:
        return False  # fifty sixty
    if phrase.word(at) == "a" and value in (100, 1000):
        return False  # a hundred
    if value < 10:
        if following in UNITS and not (value == 1 and following in ("am", "pm", "pounds")):
            return True
        return phrase.word(at - 1) in DESIGNATORS and value > 1
    after_small = phrase.word(at - 2) in en.ONES and phrase.word(at - 3) not in en.NUMBER_WORDS
    return not (phrase.word(at - 1) in ("or", "to") and after_small and value >= 100)


def number_pair(phrase: Phrase, at: int) -> Written | None:
    """Five to ten minutes, eight or ten people: both in digits where one would be; two or three hundred stays."""
    first = en.cardinal(phrase.words, at)
    joints = ("to", "or", "through", "and") if phrase.word(at - 1) == "between" else ("to", "or", "through")
    if first is None or phrase.word(first.stop) not in joints:
        return None
    last = en.cardinal(phrase.words, first.stop + 1)
    if last is None or not first.value < last.value or phrase.word(last.stop) in en.NUMBER_WORDS | {"point"}:
        return None
    following = phrase.word(last.stop)
    if first.small and (last.value > 99 or phrase.word(at) == "a"):
        return phrase.written(at, last.stop, None)
    mark = {"percent": "%"}.get(following, "")
    if last.small and not mark and following not in UNITS:
        return phrase.written(at, last.stop, None)
    stop = last.stop + bool(mark)
    return phrase.written(at, stop, f"{_grouped(first)} {phrase.word(first.stop)} {_grouped(last)}{mark}")


def fraction(phrase: Phrase, at: int) -> Written | None:
    """Two thirds, three quarters, one third."""
    top = en.ONES.get(phrase.word(at))
    bottom_word = phrase.word(at + 1)
    if top is None or phrase.word(at - 1) in en.NUMBER_WORDS:
        return None
    bottom = FRACTIONS.get(bottom_word if top == 1 else bottom_word.removesuffix("s"))
    if (
        bottom is None
        or (top > 1 and not bottom_word.endswith("s"))
        or (top == 1 and bottom == 4)
        or top >= bottom
    ):
        return None
    return phrase.written(at, at + 2, f"{top}/{bottom}")
