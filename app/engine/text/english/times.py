"""Dates, years and clock times."""

from __future__ import annotations

import re

from app.engine.text.english import numbers as en
from app.engine.text.english.phrase import Phrase, Written
from app.engine.text.english.vocabulary import (
    COUNTED,
    DATE_BEFORE,
    DECADES,
    MONTHS,
    TIME_AFTER,
    TIME_BEFORE,
    UNITS,
    YEAR_BEFORE,
)

O_CLOCK = ("o'clock", "o’clock", "oclock")
MERIDIEM = re.compile(r"\s*([ap])\.?\s?m\b\.?", re.IGNORECASE)


def spoken_clock(phrase: Phrase, at: int) -> Written | None:
    """Half past ten, ten to five, a quarter to twelve stay words."""
    number = en.below_hundred(phrase.words, at)
    if number is None:
        return None
    hour = _hour_after(phrase, number)
    if hour:
        return phrase.written(at, hour.stop, None)
    quarter_to = phrase.word(at - 1) == "to" and phrase.word(at - 2) in ("quarter", "half")
    return phrase.written(at, number.stop, None) if quarter_to or phrase.word(at - 1) == "past" else None


def _hour_after(phrase: Phrase, minutes: en.Cardinal) -> en.Cardinal | None:
    """The five of "ten (minutes) to five"; ten to twelve people is a range."""
    middle = minutes.stop + (phrase.word(minutes.stop) == "minutes")
    if phrase.word(middle) not in ("past", "to") or minutes.value not in (5, 10, 20, 25):
        return None
    hour = en.below_hundred(phrase.words, middle + 1)
    most = 12 if phrase.word(middle) == "past" else min(12, minutes.value)
    if hour is None or hour.value > most:
        return None
    return None if phrase.word(hour.stop) in COUNTED else hour


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
    if month in ("May", "March") and phrase.word(at - 1) not in DATE_BEFORE and not phrase.opens(at):
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
        rest = two_digits(phrase, century.stop)
        if rest:
            return en.Cardinal(century.value * 100 + rest.value, rest.stop)
    whole = en.cardinal(phrase.words, at)
    if whole and (whole.year_like or whole.value == 2000 or (whole.value % 100 == 0 and 1100 <= whole.value < 2000)):
        return whole
    return None


def two_digits(phrase: Phrase, at: int) -> en.Cardinal | None:
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
    minute = two_digits(phrase, hour.stop)
    stop = minute.stop if minute else hour.stop
    spoken = f"{hour.value}:{minute.value:02d}" if minute else str(hour.value)
    meridiem = meridiem_after(phrase, stop)
    if minute and minute.value > 59:
        return None
    for_one_am = hour.value == 1 and meridiem and meridiem[0].strip() == "am"
    if meridiem and not (for_one_am and phrase.word(at - 1) not in TIME_BEFORE):
        return with_meridiem(phrase, at, stop, spoken, meridiem)
    if not minute:
        known = phrase.word(stop) in O_CLOCK
        return phrase.written(at, stop, spoken) if known else None
    previous = phrase.word(at - 1)
    known = (
        previous in TIME_BEFORE
        or phrase.word(stop) in TIME_AFTER
        or (hour.value >= 10 and previous not in YEAR_BEFORE)
        or (previous in ("to", "and") and _ends_clock(phrase, at - 1))
    )
    if not known or phrase.word(stop) in COUNTED | en.NUMBER_WORDS:
        return None
    return phrase.written(at, stop, spoken)


def _ends_clock(phrase: Phrase, end: int) -> bool:
    """Return whether a clock time ends at `end`: from ten thirty to eleven fifteen."""
    for at in (end - 2, end - 3):
        hour = en.below_hundred(phrase.words, at) if at >= 0 else None
        minute = two_digits(phrase, hour.stop) if hour and hour.value <= 12 else None
        if minute and minute.stop == end:
            return True
    return False


def military(phrase: Phrase, at: int) -> Written | None:
    """At eighteen hundred hours; oh six hundred hours."""
    early = phrase.word(at) in en.ZEROS and phrase.word(at + 1) in en.ONES
    hour = en.below_hundred(phrase.words, at + early)
    if hour is None or phrase.words[hour.stop : hour.stop + 2] != ["hundred", "hours"] or hour.value > 24:
        return None
    if not early and (hour.small or phrase.word(at - 1) not in TIME_BEFORE - {"about", "around"}):
        return None
    return phrase.written(at, hour.stop + 1, f"{hour.value:02d}00")


def meridiem_after(phrase: Phrase, stop: int) -> re.Match[str] | None:
    return MERIDIEM.match(phrase.text, phrase.spans[stop - 1][1])


def with_meridiem(phrase: Phrase, at: int, stop: int, spoken: str, meridiem: re.Match[str]) -> Written:
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
    if century and 11 <= century.value <= 20 and phrase.word(century.stop) == "hundreds":
        return phrase.written(at, century.stop + 1, f"{century.value}00s")
    found = _year(phrase, at)
    if found is None or phrase.word(found.stop) in en.NUMBER_WORDS | {"point", "percent", "dollars", "years"}:
        return None
    in_parts = century is not None and 10 < century.value <= 20 and two_digits(phrase, century.stop) is not None
    if in_parts or found.year_like or phrase.word(at - 1) in YEAR_BEFORE:
        return phrase.written(at, found.stop, str(found.value))
    return None
