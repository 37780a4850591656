"""Finds identifying numbers: of phones, identity cards, bank cards, accounts and cars, in digits or in words.

Numbers with a check digit are recognised by it; any other number of six digits or more counts as well, because
callers say customer numbers, contract numbers and codes in every form.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

ID_CARD, BANK_CARD, PHONE, NUMBER = "id_card", "bank_card", "phone", "number"

_LEAST_FIGURES = 6
_CARD_FIGURES = range(13, 20)
_GAP = r"[ \u00a0.()（）\-–—_·]{0,2}"
_FIGURES = re.compile(
    rf"(?<![A-Za-z0-9])(?:\+|＋|00)?[A-Za-z]{{0,2}}\(?\d(?:{_GAP}\d){{{_LEAST_FIGURES - 1},}}[A-Za-z]?(?![A-Za-z0-9])"
)
_ACCOUNT = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])")
_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Z][·•. ]?[A-Z0-9]{4,5}[A-Z0-9学警港澳挂]"
)
_PLATES_ELSEWHERE = re.compile(
    r"\b(?:[A-ZÄÖÜ]{1,3}-[A-Z]{1,2} ?\d{1,4}[EH]?|[A-Z]{2}\d{2} ?[A-Z]{3}|[A-Z]{2}-\d{3}-[A-Z]{2})\b"
)  # of Germany, Britain, France and Italy
_CODE = re.compile(r"(?<![A-Za-z0-9])(?=(?:[A-Z]*\d){3})(?=[0-9]*[A-Z])[A-Z0-9]{7,12}(?![A-Za-z0-9])")
"""Letters and figures mixed, as in passports."""
_CHINESE_FIGURES = re.compile(
    rf"[零〇一幺二两三四五六七八九](?:[\s，,、\-]{{0,2}}[零〇一幺二两三四五六七八九]){{{_LEAST_FIGURES},}}"
)
_SMALL = "zero|oh|one|two|three|four|five|six|seven|eight|nine"
_LARGE = (
    "ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
    "|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
)
_SPOKEN = rf"(?:(?:double|triple)[\s-]+)?(?:{_SMALL}|{_LARGE})"
_ENGLISH_FIGURES = re.compile(rf"(?i)\b{_SPOKEN}(?:[\s,-]{{1,3}}{_SPOKEN}){{{_LEAST_FIGURES - 1},}}\b")
_PHONE = re.compile(r"(?:(?:00)?86)?1[3-9]\d{9}|0\d{9,11}|[48]00\d{7}|95\d{3,6}")
_DATE = re.compile(r"\d{4}-\d\d-\d\d|\d{4}\.\d\d\.\d\d|\d{4}[-–—]\d{4}")

_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643-1999
_ID_CHECKS = "10X98765432"


@dataclass(frozen=True, slots=True)
class Found:
    """A number, by its position in the text."""

    start: int
    end: int
    kind: str


def numbers_in(text: str) -> Iterator[Found]:
    """Yield every number in recognised text, in order."""
    last = 0
    shapes = (_ACCOUNT, _FIGURES, _PLATE, _PLATES_ELSEWHERE, _CODE, _CHINESE_FIGURES, _ENGLISH_FIGURES)
    for match in sorted(chain.from_iterable(shape.finditer(text) for shape in shapes), key=re.Match.start):
        if match.start() >= last and not _DATE.fullmatch(match[0]):
            last = match.end()
            yield Found(match.start(), last, _kind(match[0]))


def certain_numbers_in(text: str) -> Iterator[Found]:
    """Yield only unambiguous ones: in the program's own text, long numbers are sizes and times."""
    return (found for found in numbers_in(text) if found.kind != NUMBER)


def is_luhn(figures: str) -> bool:
    """Return whether the last digit is the check digit of the others (ISO/IEC 7812)."""
    total = 0
    for place, figure in enumerate(reversed(figures)):
        value = int(figure) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def is_id_card(text: str) -> bool:
    """Return whether these are the 17 digits and the check digit of a Chinese identity card."""
    if not re.fullmatch(r"\d{17}[\dXx]", text):
        return False
    total = sum(int(figure) * weight for figure, weight in zip(text, _ID_WEIGHTS, strict=False))
    return _ID_CHECKS[total % 11] == text[-1].upper()


def _kind(text: str) -> str:
    bare = re.sub(r"[^0-9A-Za-z\d]", "", text)
    figures = "".join(str(int(each)) for each in bare if each.isdecimal())
    if is_id_card(figures + bare[-1:] if bare[-1:] in "Xx" else figures):
        return ID_CARD
    if _PHONE.fullmatch(figures) or (text[:1] in "+＋" and figures):
        return PHONE
    if figures == bare and len(figures) in _CARD_FIGURES and is_luhn(figures):
        return BANK_CARD
    return NUMBER
