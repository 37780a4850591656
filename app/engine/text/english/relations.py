"""Two numbers that belong together: ranges, scores, shares and fractions."""

from __future__ import annotations

from app.engine.text.english import numbers as en
from app.engine.text.english import times
from app.engine.text.english.amounts import CURRENCIES, grouped
from app.engine.text.english.phrase import Phrase, Written
from app.engine.text.english.times import two_digits
from app.engine.text.english.vocabulary import COUNTED, FRACTIONS, UNITS, WORDS_OF_SCORES

AFTER_SCORE = ("", "and", "in", "on", "at", "against", "after", "but", "last", "yesterday", "today")


def number_pair(phrase: Phrase, at: int) -> Written | None:
    """Five to ten minutes, eight or ten people: both in digits if either would be; two or three hundred stays."""
    first = en.cardinal(phrase.words, at)
    joints = ("to", "or", "through", "and") if phrase.word(at - 1) == "between" else ("to", "or", "through")
    if first is None or phrase.word(first.stop) not in joints:
        return None
    last = en.cardinal(phrase.words, first.stop + 1)
    if last is None or not first.value < last.value or phrase.word(last.stop) in en.NUMBER_WORDS | {"point"}:
        return None
    meridiem = times.meridiem_after(phrase, last.stop)
    if meridiem and last.value <= 12:
        if _may_be_minutes(phrase, at, first):
            return phrase.written(at, last.stop, None)
        hours = f"{first.value} {phrase.word(first.stop)} {last.value}"
        return times.with_meridiem(phrase, at, last.stop, hours, meridiem)
    return _range(phrase, at, first, last)


def _may_be_minutes(phrase: Phrase, at: int, first: en.Cardinal) -> bool:
    """Ten to eleven pm is one time or two; from ten to eleven pm is two."""
    is_clock = phrase.word(first.stop) == "to" and first.value in (5, 10, 20, 25)
    return is_clock and phrase.word(at - 1) not in ("from", "between", "open")


def size(phrase: Phrase, at: int) -> Written | None:
    """Sixteen by nine: both in digits if either would be; four by four stays."""
    sides = [en.cardinal(phrase.words, at)]
    while (side := sides[-1]) and phrase.word(side.stop) == "by" and (more := en.cardinal(phrase.words, side.stop + 1)):
        sides.append(more)
    numbers = [side for side in sides if side]
    if len(numbers) < 2 or all(number.small for number in numbers):
        return None
    following = phrase.word(numbers[-1].stop)
    if following in en.NUMBER_WORDS | {"o'clock", "am", "pm", "point"} or phrase.word(at - 1) in en.NUMBER_WORDS:
        return None
    return phrase.written(at, numbers[-1].stop, " by ".join(map(grouped, numbers)))


def power(phrase: Phrase, at: int) -> Written | None:
    """Two to the power of ten, two to the tenth power; base and exponent are written alike."""
    base = en.cardinal(phrase.words, at)
    if base is None or phrase.words[base.stop : base.stop + 2] != ["to", "the"]:
        return None
    exponent = base.stop + 2
    if phrase.words[exponent : exponent + 2] != ["power", "of"]:
        rank = en.ordinal(phrase.words, exponent)
        if rank is None or phrase.word(rank.stop) != "power":
            return None
        shown = f"{grouped(base)} to the {rank.value}{en.ordinal_suffix(rank.value)} power"
        return phrase.written(at, rank.stop + 1, shown)
    is_negative = phrase.word(exponent + 2) in ("minus", "negative")
    number = en.cardinal(phrase.words, exponent + 2 + is_negative)
    if number is None:
        return None
    return phrase.written(at, number.stop, f"{grouped(base)} to the power of {'-' * is_negative}{number.value}")


def _range(phrase: Phrase, at: int, first: en.Cardinal, last: en.Cardinal) -> Written:
    scale, following = _shared_scale(phrase, first, last), phrase.word(last.stop)
    mark, money = {"percent": "%"}.get(following, ""), CURRENCIES.get(following, "")
    last_small = last.value // (scale or 1) < 10
    vague = first.small and ((last.value > 99 and not scale) or phrase.word(at) == "a")
    if vague or (first.small and last_small and (scale or not (mark or money or following in UNITS))):
        return phrase.written(at, last.stop, None)
    if scale and scale < 10**6:
        first = en.Cardinal(first.value * scale, first.stop)
    written = f"{money}{grouped(first)} {phrase.word(first.stop)} {money}{grouped(last)}{mark}"
    return phrase.written(at, last.stop + bool(mark or money), written)


def _shared_scale(phrase: Phrase, first: en.Cardinal, last: en.Cardinal) -> int:
    """Thousand in ten to fifteen thousand; nothing in fifty to one hundred."""
    lead = en.below_hundred(phrase.words, first.stop + 1)
    if lead is None or lead.stop + 1 != last.stop or lead.value <= first.value:
        return 0
    return {"hundred": 100, **en.SCALES}.get(phrase.word(lead.stop), 0)


def score(phrase: Phrase, at: int) -> Written | None:
    """Won three to two, the score was ten to eight."""
    told = phrase.word(at - 1) in WORDS_OF_SCORES or (
        phrase.word(at - 2) in WORDS_OF_SCORES and phrase.word(at - 1) not in en.NUMBER_WORDS
    )
    first = en.below_hundred(phrase.words, at) if told else None
    last = en.below_hundred(phrase.words, first.stop + 1) if first and phrase.word(first.stop) == "to" else None
    if first is None or last is None or phrase.word(last.stop) not in AFTER_SCORE:
        return None
    return phrase.written(at, last.stop, f"{first.value} to {last.value}")


def share(phrase: Phrase, at: int) -> Written | None:
    """Four out of five and one in ten stay words, seven out of twelve does not."""
    first = en.cardinal(phrase.words, at)
    if first is None:
        return None
    joint = phrase.words[first.stop : first.stop + 2]
    last = en.cardinal(phrase.words, first.stop + (2 if joint == ["out", "of"] else 1))
    if last is None or joint not in (["out", "of"], ["in", "ten"]):
        return None
    if max(first.value, last.value) <= 10 and phrase.word(last.stop) not in COUNTED - {"people"}:
        return phrase.written(at, last.stop, None)
    return phrase.written(at, last.stop, f"{grouped(first)} out of {grouped(last)}") if len(joint[0]) > 2 else None


def three_digits(phrase: Phrase, at: int) -> Written | None:
    """One twenty over eighty, three sixty degrees."""
    rest = two_digits(phrase, at + 1) if phrase.word(at) in en.ONES else None
    if rest is None:
        return None
    number = f"{en.ONES[phrase.word(at)]}{rest.value:02d}"
    low = en.below_hundred(phrase.words, rest.stop + 1) if phrase.word(rest.stop) == "over" else None
    if low and not low.small:
        return phrase.written(at, low.stop, f"{number} over {low.value}")
    return phrase.written(at, rest.stop, number) if phrase.word(rest.stop) in UNITS - {"am", "pm"} else None


def mixed_fraction(phrase: Phrase, at: int) -> Written | None:
    """Three and three quarters -> 3 3/4."""
    whole = en.cardinal(phrase.words, at)
    if whole is None or phrase.word(whole.stop) != "and":
        return None
    if phrase.words[whole.stop + 1 : whole.stop + 3] == ["one", "half"]:
        return phrase.written(at, whole.stop + 3, f"{whole.value} 1/2")
    part = fraction(phrase, whole.stop + 1)
    return phrase.written(at, part.stop, f"{whole.value} {part.new}") if part else None


def fraction(phrase: Phrase, at: int) -> Written | None:
    """Two thirds, three quarters, one third."""
    top = en.ONES.get(phrase.word(at))
    bottom_word = phrase.word(at + 1)
    if top is None or phrase.word(at - 1) in en.NUMBER_WORDS:
        return None
    bottom = FRACTIONS.get(bottom_word if top == 1 else bottom_word.removesuffix("s"))
    if bottom is None or (top > 1 and not bottom_word.endswith("s")) or (top == 1 and bottom == 4) or top >= bottom:
        return None
    return phrase.written(at, at + 2, f"{top}/{bottom}")
