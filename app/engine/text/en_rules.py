"""The rules that turn one spoken English number into its written form, in the order in which they are asked.

A rule looks at the words of a phrase from one position on and returns what it covers, or None to pass. A
`Written` without text says: these words stay, go on after them. The policy is told in itn.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.engine.text import en_numbers as en
from app.engine.text.en_numbers import words_of

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Phrase:
    """Words with nothing but spaces and hyphens between them, in lower case, and where each stands in `text`."""

    text: str
    words: list[str]
    spans: list[tuple[int, int]]

    def word(self, at: int) -> str:
        return self.words[at] if 0 <= at < len(self.words) else ""

    def written(self, at: int, stop: int, new: str | None, end: int | None = None) -> Written:
        return Written(self.spans[at][0], end or self.spans[stop - 1][1], stop, new)


@dataclass(frozen=True)
class Written:
    """`new` for the characters start..end; the walk goes on at word `stop`."""

    start: int
    end: int
    stop: int
    new: str | None


MONTHS = {
    month: month.capitalize()
    for month in words_of(
        "january february march april may june july august september october november december"
    )
}
# may and march are also verbs: a day alone makes a date only after one of these
DATE_BEFORE = frozenset(
    words_of(
        "on by until till since of from in before after this last next early late for through and is was to"
    )
)
YEAR_BEFORE = frozenset(
    words_of(
        "in since until till year of from by before after circa early late spring summer autumn fall winter to mid"
    )
) | frozenset(MONTHS)
TIME_BEFORE = frozenset(words_of("at by until till from since around before after about between"))
# words before which zero to nine become digits
UNITS = frozenset(
    words_of("""kilometers kilometres kilometer kilometre km meters metres meter metre cm centimeters centimetres centimeter
    centimetre millimeters millimetres millimeter millimetre mm miles feet inches inch yards kilograms kilogram kilos kg
    grams gram mg milligrams pounds lbs ounces tons tonnes liters litres liter litre ml milliliters gallons degrees
    hours minutes seconds milliseconds percentage kilowatts watts volts amps megabytes gigabytes terabytes kilobytes
    megapixels gigahertz megahertz hertz mph kph euros yuan yen rmb cents bucks
    acres hectares calories pm am""")
)
# after which a small number is a name: chapter 5
DESIGNATORS = frozenset(
    words_of("""number page chapter room gate platform version section figure table route flight season episode channel highway
    apartment phase item question exercise lesson unit volume terminal track zone option interstate section act""")
)
NOT_ORDINAL_AFTER = frozenset(
    words_of("delay video clip timer break spot rule ad intervals interval countdown pause")
)
FRACTIONS = {
    "third": 3,
    "quarter": 4,
    "fifth": 5,
    "sixth": 6,
    "seventh": 7,
    "eighth": 8,
    "ninth": 9,
    "tenth": 10,
}
DECADES = {
    "twenties": 20,
    "thirties": 30,
    "forties": 40,
    "fifties": 50,
    "sixties": 60,
    "seventies": 70,
    "eighties": 80,
    "nineties": 90,
}
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
    "umpteenth": None,
}
_SET_WORDS = [(tuple(phrase.split()), written) for phrase, written in SET_PHRASES.items()]
MERIDIEM = re.compile(r"\s*([ap])\.?\s?m\b\.?", re.IGNORECASE)


# ---- set phrases and clock words


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


def spoken_clock(phrase: Phrase, at: int) -> Written | None:
    """Half past ten, ten to five, a quarter to twelve stay words."""
    number = en.below_hundred(phrase.words, at)
    if number is None:
        return None
    unit = phrase.word(number.stop) == "minutes"
    middle = number.stop + unit
    if phrase.word(middle) in ("past", "to") and number.value in (5, 10, 20, 25):
        hour = en.below_hundred(phrase.words, middle + 1)
        counts_on = hour and phrase.word(hour.stop) in UNITS | {
            "percent",
            "dollars",
            "people",
            "years",
            "days",
            "hundred",
        }
        if hour and hour.value < min(13, number.value + 1) and not counts_on:
            return phrase.written(at, hour.stop, None)
    if phrase.word(at - 1) == "past" or (
        phrase.word(at - 1) == "to" and phrase.word(at - 2) in ("quarter", "half")
    ):
        return phrase.written(at, number.stop, None)
    return None


# ---- dates, times, years


def month_date(phrase: Phrase, at: int) -> Written | None:
    """March fifteenth twenty twenty five, june two thousand eight, may first."""
    month = MONTHS.get(phrase.word(at))
    if month is None:
        return None
    day = en.ordinal(phrase.words, at + 1) or _plain_day(phrase, at + 1)
    if day and not 1 <= day.value <= 31:
        day = None
    year = _year(phrase, day.stop if day else at + 1)
    if day is None:
        return phrase.written(at, year.stop, f"{month} {year.value}") if year else None
    if year:
        return phrase.written(at, year.stop, f"{month} {day.value}, {year.value}")
    if month in ("May", "March") and phrase.word(at - 1) not in DATE_BEFORE and at > 0:
        return None
    return phrase.written(at, day.stop, f"{month} {day.value}")


def _plain_day(phrase: Phrase, at: int) -> en.Cardinal | None:
    """June fifteen; not the start of a year (june nineteen forty)."""
    if _year(phrase, at):
        return None
    day = en.below_hundred(phrase.words, at)
    following = phrase.word(day.stop) if day else ""
    if following in en.NUMBER_WORDS and not (day and _year(phrase, day.stop)):
        return None
    return None if following in UNITS or phrase.word(at - 1) in ("may", "march") else day


def day_of_month(phrase: Phrase, at: int) -> Written | None:
    """The fifteenth of march twenty twenty five, first of may."""
    day = en.ordinal(phrase.words, at)
    if day is None or day.value > 31 or phrase.word(day.stop) != "of":
        return None
    month = MONTHS.get(phrase.word(day.stop + 1))
    if month is None:
        return None
    written = f"{day.value}{en.ordinal_suffix(day.value)} of {month}"
    year = _year(phrase, day.stop + 2)
    if year:
        return phrase.written(at, year.stop, f"{written} {year.value}")
    return phrase.written(at, day.stop + 2, written)


def _year(phrase: Phrase, at: int) -> en.Cardinal | None:
    """Nineteen ninety nine, twenty oh five, two thousand (and) eight, nineteen hundred."""
    century = en.below_hundred(phrase.words, at)
    if century and 10 <= century.value <= 20:
        rest = _two_digits(phrase, century.stop)
        if rest:
            return en.Cardinal(century.value * 100 + rest.value, rest.stop)
    whole = en.cardinal(phrase.words, at)
    if whole and (
        whole.year_like or whole.value == 2000 or (whole.value % 100 == 0 and 1100 <= whole.value < 2000)
    ):
        return whole
    return None


def _two_digits(phrase: Phrase, at: int) -> en.Cardinal | None:
    """Ninety nine, fifteen, oh five."""
    if phrase.word(at) in ("oh", "o") and phrase.word(at + 1) in en.ONES:
        return en.Cardinal(en.ONES[phrase.word(at + 1)], at + 2)
    rest = en.below_hundred(phrase.words, at)
    if rest is None or rest.value < 10 or phrase.word(rest.stop) in ("hundred", *en.SCALES):
        return None
    return rest


def clock(phrase: Phrase, at: int) -> Written | None:
    """Two thirty p m, at six forty five, five o'clock."""
    hour = en.below_hundred(phrase.words, at)
    if hour is None or not 1 <= hour.value <= 12:
        return None
    minute = _two_digits(phrase, hour.stop)
    stop = minute.stop if minute else hour.stop
    spoken = f"{hour.value}:{minute.value:02d}" if minute else str(hour.value)
    meridiem = MERIDIEM.match(phrase.text, phrase.spans[stop - 1][1])
    if minute and minute.value > 59:
        return None
    if meridiem:
        return _with_meridiem(phrase, at, stop, spoken, meridiem)
    if not minute:
        known = phrase.word(stop) in ("o'clock", "o’clock")
        return phrase.written(at, stop, spoken) if known else None
    known = phrase.word(at - 1) in TIME_BEFORE or (
        hour.value >= 10 and phrase.word(at - 1) not in YEAR_BEFORE
    )
    if not known or phrase.word(stop) in UNITS | en.NUMBER_WORDS | {"percent", "dollars", "people"}:
        return None
    return phrase.written(at, stop, spoken)


def _with_meridiem(phrase: Phrase, at: int, stop: int, spoken: str, meridiem: re.Match[str]) -> Written:
    end = meridiem.end()
    while stop < len(phrase.words) and phrase.spans[stop][1] <= end:
        stop += 1
    return phrase.written(at, stop, f"{spoken} {meridiem[1].lower()}.m.", end)


def year(phrase: Phrase, at: int) -> Written | None:
    """Nineteen ninety nine; nineteen eighties; in two thousand; a year's century is 11 to 20."""
    century = en.below_hundred(phrase.words, at)
    decade = DECADES.get(phrase.word(century.stop)) if century else None
    if century and decade is not None and 10 < century.value <= 20:
        return phrase.written(at, century.stop + 1, f"{century.value * 100 + decade}s")
    found = _year(phrase, at)
    if found is None or phrase.word(found.stop) in en.NUMBER_WORDS | {"point", "percent", "dollars"}:
        return None
    in_parts = (
        century is not None and 10 < century.value <= 20 and _two_digits(phrase, century.stop) is not None
    )
    if in_parts or found.year_like or phrase.word(at - 1) in YEAR_BEFORE:
        return phrase.written(at, found.stop, str(found.value))
    return None


# ---- quantities


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
        if (
            phrase.word(at) == "point"
            and phrase.word(at - 1) in ("", "by", "than", "of")
            and at + 1 < len(phrase.words)
        ):
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
    after = stop + 1
    cents = en.below_hundred(phrase.words, after + (phrase.word(after) == "and"))
    if cents and phrase.word(cents.stop) in ("cents", "cent") and "." not in shown and " " not in shown:
        return phrase.written(at, cents.stop + 1, f"{sign}{mark}{shown}.{cents.value:02d}")
    return phrase.written(at, after, f"{sign}{mark}{shown}")


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
    rest = _two_digits(phrase, at + 1)
    return phrase.written(at, rest.stop, f"{en.ONES[phrase.word(at)]}{rest.value:02d}") if rest else None


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
    month_date,
    day_of_month,
    clock,
    spoken_clock,
    digit_string,
    room_number,
    year,
    fraction,
    ordinal,
    number_pair,
    quantity,
)
