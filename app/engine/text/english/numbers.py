"""English number words as values: parses cardinals, digits read one by one, ordinals. Knows no units or dates."""

from __future__ import annotations

from dataclasses import dataclass


def words_of(text: str) -> list[str]:
    """Split a list written as one line for readability."""
    return text.split()


LONGEST = 32  # digits read one by one
ONES = {w: n for n, w in enumerate(words_of("one two three four five six seven eight nine"), 1)}
TEENS = {
    w: n
    for n, w in enumerate(
        words_of("ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"), 10
    )
}
TENS = {w: n * 10 for n, w in enumerate(words_of("twenty thirty forty fifty sixty seventy eighty ninety"), 2)}
SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
ZEROS = ("zero", "oh", "o", "nought")
MULTIPLES = {"double": 2, "triple": 3}
_ORDINAL_ONES = words_of("first second third fourth fifth sixth seventh eighth ninth")
_ORDINAL_TEENS = words_of(
    "tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth"
)
_ORDINAL_TENS = words_of("twentieth thirtieth fortieth fiftieth sixtieth seventieth eightieth ninetieth")
ORDINALS = {
    **{w: n for n, w in enumerate(_ORDINAL_ONES, 1)},
    **{w: n for n, w in enumerate(_ORDINAL_TEENS, 10)},
    **{w: n * 10 for n, w in enumerate(_ORDINAL_TENS, 2)},
    "hundredth": 100,
    "thousandth": 1000,
    "millionth": 10**6,
}
NUMBER_WORDS = frozenset({"zero", "hundred", *ONES, *TEENS, *TENS, *SCALES})


@dataclass(frozen=True)
class Cardinal:
    """A whole number and the index of the word after it."""

    value: int
    stop: int
    year_like: bool = False  # two thousand (and) eight

    @property
    def small(self) -> bool:
        return self.value < 10


def below_hundred(words: list[str], at: int) -> Cardinal | None:
    """fifteen, twenty, twenty five, five."""
    word = _word(words, at)
    if word in TENS:
        one = ONES.get(_word(words, at + 1), 0)
        return Cardinal(TENS[word] + one, at + 1 + bool(one))
    value = TEENS.get(word) or ONES.get(word)
    return Cardinal(value, at + 1) if value else None


def cardinal(words: list[str], at: int) -> Cardinal | None:
    """One hundred (and) five, two thousand five hundred, a hundred and five, nineteen hundred, three million."""
    if _word(words, at) == "zero":
        return Cardinal(0, at + 1)
    total, ceiling, group = 0, 10**15, _group(words, at)
    while group and (scale := SCALES.get(_word(words, group.stop), 0)) and scale < ceiling:
        total, ceiling, stop = total + group.value * scale, scale, group.stop + 1
        joined = stop + (_word(words, stop) == "and")
        group = _group(words, joined)
        if not group or (joined > stop and group.value >= 100):
            return Cardinal(total, stop)
        if SCALES.get(_word(words, group.stop), 0) >= ceiling:
            return Cardinal(total, stop)
    if not group:
        return None
    year_like = total == 2000 and group.value < 100
    return Cardinal(total + group.value, group.stop, year_like)


def _group(words: list[str], at: int) -> Cardinal | None:
    """A number below a thousand, or nineteen hundred."""
    article = _word(words, at) == "a" and _word(words, at + 1) in ("hundred", "thousand")
    head = Cardinal(1, at + 1) if article else below_hundred(words, at)
    if head is None or _word(words, head.stop) != "hundred":
        return head
    stop = head.stop + 1
    tail = below_hundred(words, stop + (_word(words, stop) == "and"))
    if tail is None:
        return Cardinal(head.value * 100, stop)
    return Cardinal(head.value * 100 + tail.value, tail.stop)


def digits(words: list[str], at: int) -> tuple[str, int]:
    """Digits read one by one (five five double oh one) and the index of the word after them."""
    spoken: list[str] = []
    while len(spoken) < LONGEST and (word := _word(words, at)):
        repeat = MULTIPLES.get(word, 1)
        if repeat > 1:
            word = _word(words, at + 1)
        if word in ZEROS:
            spoken.append("0" * repeat)
        elif word in ONES:
            spoken.append(str(ONES[word]) * repeat)
        else:
            break
        at += 1 + (repeat > 1)
    return "".join(spoken), at


def ordinal(words: list[str], at: int) -> Cardinal | None:
    """Twenty first, fifteenth, one hundred and fifth."""
    direct = ORDINALS.get(_word(words, at))
    if direct:
        return Cardinal(direct, at + 1)
    head = cardinal(words, at)
    if head is None:
        return None
    stop = head.stop + (_word(words, head.stop) == "and")
    tail = ORDINALS.get(_word(words, stop))
    if tail in (100, 1000) and head.small and _word(words, stop + 1) != "of":
        return Cardinal(head.value * tail, stop + 1)  # the one hundredth day
    if not tail or head.value % 10 or tail >= 100 or (head.value % 100 and tail > 9) or head.value == 10:
        return None
    return Cardinal(head.value + tail, stop + 1)


def ordinal_suffix(value: int) -> str:
    """21 -> st, 12 -> th."""
    if 10 < value % 100 < 14:
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(value % 10, "th")


def _word(words: list[str], at: int) -> str:
    return words[at] if at < len(words) else ""
