"""Quantities: money, percentages, decimals, units, and whole numbers from ten on."""

from __future__ import annotations

from app.engine.text.english import numbers as en
from app.engine.text.english.phrase import Phrase, Written
from app.engine.text.english.vocabulary import DESIGNATORS, NOT_ORDINAL_AFTER, SINGULAR_UNITS, UNITS

CURRENCIES = {"dollars": "$", "dollar": "$", "euros": "€"}

AFTER_PRICE = (
    "",
    "and",
    "for",
    "a",
    "an",
    "each",
    "per",
    "on",
    "at",
    "to",
    "in",
    "but",
    "or",
    "please",
    "plus",
    "today",
)
NOT_BEFORE_ONE = frozenset({"number", "question", "item", "option", "zone", "track", "exercise", "unit"})


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
    if following in CURRENCIES or (following == "pounds" and _pence(phrase, stop)):
        return _money(phrase, start, stop, sign, shown)
    if following == "percent" or (following == "per" and phrase.word(stop + 1) == "cent"):
        return phrase.written(start, stop + 1 + (following == "per"), f"{sign}{shown}%")
    if not negative and not _counts(phrase, start, stop, plain):
        while phrase.word(stop) in en.NUMBER_WORDS:
            stop += 1
        return phrase.written(start, stop, None)
    return phrase.written(start, stop, sign + shown)


def _amount(phrase: Phrase, at: int) -> tuple[str, int, int | None] | None:
    """Return the written amount, the index after it, and its value if it is a whole number."""
    whole = en.cardinal(phrase.words, at)
    if whole is None:
        return _bare_fraction(phrase, at)
    if phrase.words[whole.stop : whole.stop + 3] == ["and", "a", "half"]:
        half = _half(phrase, whole)
        if half:
            return half
    if phrase.word(whole.stop) == "point":
        return _fraction_digits(phrase, whole.stop, str(whole.value)) or (grouped(whole), whole.stop, whole.value)
    return grouped(whole), whole.stop, whole.value


def _bare_fraction(phrase: Phrase, at: int) -> tuple[str, int, None] | None:
    """Point five percent, by point one four; the first point, as in "point one is", is not a number."""
    found = _fraction_digits(phrase, at, "0") if phrase.word(at) == "point" else None
    if found is None or phrase.word(at - 1) in ("by", "than", "of", "minus", "negative"):
        return found
    following = phrase.word(found[1])
    counts = following in UNITS or following in ("percent", "per", "seconds") or len(found[0]) > 3 or " " in found[0]
    return found if phrase.opens(at) and counts else None


def _half(phrase: Phrase, whole: en.Cardinal) -> tuple[str, int, None] | None:
    """Two and a half hours -> 2.5 hours, two and a half million -> 2.5 million; two and a half of them stays."""
    following, stop = phrase.word(whole.stop + 3), whole.stop + 3
    if following in en.SCALES:
        return f"{whole.value}.5 {following}", stop + 1, None
    return (f"{whole.value}.5", stop, None) if following in UNITS | CURRENCIES.keys() | {"percent"} else None


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


def grouped(number: en.Cardinal) -> str:
    """2,500; 3.2 million; 2008 without a comma."""
    if number.year_like:
        return str(number.value)
    for name, size in sorted(en.SCALES.items(), key=lambda item: -item[1]):
        if size > 1000 and size <= number.value < size * 1000 and number.value % (size // 100) == 0:
            return f"{number.value / size:.2f}".rstrip("0").rstrip(".") + f" {name}"
    return f"{number.value:,}"


def _money(phrase: Phrase, at: int, stop: int, sign: str, shown: str) -> Written:
    mark = CURRENCIES.get(phrase.word(stop), "£")
    joined = stop + 1 + (phrase.word(stop + 1) == "and")
    cents = None if "." in shown or " " in shown else en.below_hundred(phrase.words, joined)
    if cents and phrase.word(cents.stop) in ("cents", "cent", "pence"):
        return phrase.written(at, cents.stop + 1, f"{sign}{mark}{shown}.{cents.value:02d}")
    ends = cents is not None and phrase.word(cents.stop) in AFTER_PRICE
    if cents and cents.value >= 10 and joined == stop + 1 and ends:
        return phrase.written(at, cents.stop, f"{sign}{mark}{shown}.{cents.value}")
    return phrase.written(at, stop + 1, f"{sign}{mark}{shown}")


def article_price(phrase: Phrase, at: int) -> Written | None:
    """A dollar fifty -> $1.50; a pound fifty may be a weight."""
    mark = CURRENCIES.get(phrase.word(at + 1).removesuffix("s") + "s") if phrase.word(at) in ("a", "one") else None
    cents = en.below_hundred(phrase.words, at + 2 + (phrase.word(at + 2) == "and")) if mark else None
    if cents is None:
        return None
    named = phrase.word(cents.stop) in ("cents", "cent")
    if not named and (cents.value < 10 or phrase.word(at + 2) == "and" or phrase.word(cents.stop) not in AFTER_PRICE):
        return None
    return phrase.written(at, cents.stop + named, f"{mark}1.{cents.value:02d}")


def _pence(phrase: Phrase, pounds: int) -> bool:
    """Return whether pence follow: only then are pounds certainly money and not a weight."""
    cents = en.below_hundred(phrase.words, pounds + 1 + (phrase.word(pounds + 1) == "and"))
    return phrase.word(pounds + 1) == "sterling" or (cents is not None and phrase.word(cents.stop) == "pence")


def _counts(phrase: Phrase, at: int, stop: int, value: int | None) -> bool:
    """Return whether a number without sign or currency is written in digits."""
    if value is None:
        return True
    if _vague(phrase, at, stop, value):
        return False
    if value < 10:
        return _small_counts(phrase, at, stop, value)
    after_small = phrase.word(at - 2) in en.ONES and phrase.word(at - 3) not in en.NUMBER_WORDS
    return not (phrase.word(at - 1) in ("or", "to") and after_small and value >= 100)


def _vague(phrase: Phrase, at: int, stop: int, value: int) -> bool:
    """Fifty sixty, a hundred, twenty something, nine times out of ten."""
    following = phrase.word(stop)
    if following in en.NUMBER_WORDS or following in ("something", "some", "odd", "hundredths", "thousandths"):
        return True
    if phrase.word(at) == "a" and value in (100, 1000):
        return True
    if phrase.word(at - 1) == "and" and _begun_before(phrase, at):
        return True
    return value == 10 and (phrase.word(at - 2), phrase.word(at - 1)) == ("out", "of")


def _begun_before(phrase: Phrase, at: int) -> bool:
    """The hundred and sixty, five-and-twenty: the number starts with a word that is not a number by itself."""
    hyphen = phrase.text[phrase.spans[at - 1][0] - 1] == "-"
    hundred = phrase.word(at - 2) == "hundred" and phrase.word(at - 3) not in en.NUMBER_WORDS | {"a"}
    return hyphen or hundred


def _small_counts(phrase: Phrase, at: int, stop: int, value: int) -> bool:
    """Return whether zero to nine is written in digits: with a unit, after a word it numbers, in six foot two."""
    following, previous = phrase.word(stop), phrase.word(at - 1)
    if following in UNITS:
        return not (value == 1 and following in ("am", "pm", "pounds"))
    if following in SINGULAR_UNITS or (following == "second" and phrase.word(stop + 1) in NOT_ORDINAL_AFTER):
        return value > 1
    if previous == "foot" and phrase.word(at - 2) in en.NUMBER_WORDS:
        return following in ("", "and", "in", "with", "but", "tall")
    if previous in DESIGNATORS and value == 1:
        written = phrase.text[phrase.spans[at][0]].isupper()  # the title Chapter One
        return previous not in NOT_BEFORE_ONE and not written and following in ("", "of", "and", "to", "through")
    return previous in DESIGNATORS
