"""Latin letters and Chinese numerals that form one name: T 三 -> T3, 五 G -> 5G, 沪 C 一二三四五 -> 沪C12345.

Recognisers put a space between Latin and Chinese words; inside such a name it is removed.
"""

from __future__ import annotations

import re

from app.engine.text.chinese.context import DIGIT
from app.engine.text.chinese.numbers import DIGITS

PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
PLATE = rf"[{PROVINCES}] ?[A-Z](?: ?(?:[A-Z0-9]|{DIGIT})){{5,6}}(?![零〇一二三四五六七八九十百千万A-Z0-9])"
COUNTED = "个人位名天年月岁块元倍分秒点号万亿多家套件毫克公升千米厘"
_LETTER = re.compile(r"(?<![A-Za-z])[A-HJ-Zv] $")
_LETTERS = re.compile(r"(?<![A-Za-z])(?:[A-Z]{2}|PM|MP) $")
_UNIT = re.compile(r" ?[GMKTDPWVAX](?![A-Za-z])(?! ?[恤歌图血股座])")


def write_plate(plate: str) -> str:
    return "".join(str(DIGITS.get(char, char)) for char in plate if char != " ")


def glued(text: str, start: int, end: int, new: str, free: int) -> tuple[int, int, str] | None:
    """Return the replacement extended by the letter before it and the unit after it, or None without either.
    Text before `free` is already replaced.
    """
    head = _with_letter(text, start, end, new) if start - 2 >= free else 0
    unit = _UNIT.match(text, end) if new[-1].isdecimal() else None
    tail = unit[0] if unit and unit[0][0] == " " else ""
    if not head and not tail:
        return None
    return start - head, end + len(tail), text[start - head : start].strip() + new + tail.strip()


def _with_letter(text: str, start: int, end: int, new: str) -> int:
    """Return how many characters of "T " belong to the number."""
    before, run = text[max(0, start - 4) : start], text[start:end]
    if not new[0].isdecimal():
        return 0
    read_singly = len(run) > 2 and re.fullmatch(f"{DIGIT}+", run)
    if _LETTER.search(before):
        return 2 if read_singly or text[end : end + 1] not in tuple(COUNTED) else 0
    known = before.endswith(("PM ", "MP "))
    return 2 if _LETTERS.search(before) and (read_singly or known) else 0
