"""Chinese numerals as values and as digits: 三万五千 is 35000, 幺三八 is 138. Knows nothing of context."""

from __future__ import annotations

from itertools import pairwise

LONGEST = 32  # characters of the longest cardinal
DIGITS = {
    "零": 0,
    "〇": 0,
    "幺": 1,
    "一": 1,
    "二": 2,
    "两": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
}
SMALL_UNITS = {"十": 10, "百": 100, "千": 1000}
WAN = 10_000
YI = 100_000_000


def is_digit_string(run: str) -> bool:
    """Return whether every character is a single digit (no 十百千万亿, no 两)."""
    return all(char in DIGITS and char != "两" for char in run)


def write_digits(run: str) -> str:
    """二零二五 -> 2025."""
    return "".join(str(DIGITS[char]) for char in run)


def parse_cardinal(run: str) -> int | None:
    """Return the value of a cardinal (两千零八, 一百五, 二十), or None if it is not one (二三十, 几百, 百)."""
    if len(run) == 1 and run in DIGITS:
        return DIGITS[run]
    if len(run) > LONGEST:
        return None
    for unit, size in (("亿", YI), ("万", WAN)):
        head, found, tail = run.rpartition(unit)
        if found:
            return _join(parse_cardinal(head), size, tail)
    return _parse_below_wan(run)


def _join(head: int | None, size: int, tail: str) -> int | None:
    """三万 + 五千; a lone digit after the unit counts the next lower unit, as in 三万五."""
    if not head:
        return None
    if not tail:
        return head * size
    if len(tail) == 1 and tail in DIGITS and tail not in "零〇幺":
        return head * size + DIGITS[tail] * size // 10
    rest = _parse_below_wan(tail.lstrip("零〇")) if size == WAN else parse_cardinal(tail.lstrip("零〇"))
    return head * size + rest if rest is not None and 0 < rest < size else None


def _parse_below_wan(run: str) -> int | None:
    total, ceiling, position = 0, 10_000, 0
    while position < len(run):
        zero = run[position] in "零〇" and total > 0
        position += zero
        digit, unit = run[position : position + 1], run[position + 1 : position + 2]
        if digit == "十" and ceiling > 10 and (total == 0 or ceiling == 100):
            digit, unit, position = "一", "十", position - 1  # 十五, 一百十五
        value = DIGITS.get(digit, 0) if digit != "幺" else 0
        if not value:
            return None
        if unit in SMALL_UNITS:
            size = SMALL_UNITS[unit]
            if size >= ceiling or (unit == "十" and digit == "两"):
                return None
            total, ceiling, position = total + value * size, size, position + 2
        elif unit or digit == "两":
            return None
        else:
            colloquial = not zero and ceiling in (100, 1000)  # 一百五 is 150
            return total + value * (ceiling // 10 if colloquial else 1) if total else value
    return total or None


def write_cardinal(value: int) -> str:
    """Return the customary form: 35000, 500万, 1.2亿, 3亿5678万, 1.5万亿."""
    if value > YI and value % WAN:
        return f"{value // YI}亿{value % YI}"
    if value < WAN or value % WAN:
        return str(value)
    for size, name in ((WAN * YI, "万亿"), (YI, "亿")):
        if value >= size and value % (size // 100) == 0:
            whole, hundredths = divmod(value, size)
            fraction = f"{hundredths * 100 // size:02d}".rstrip("0")
            return f"{whole}.{fraction}{name}" if fraction else f"{whole}{name}"
    return f"{value // WAN}万" if value < YI else f"{value // YI}亿{value % YI // WAN}万"


def write_short_wan(run: str) -> str | None:
    """一万二 is short in speech and stays short: 1.2万."""
    head, wan, tail = run.rpartition("万")
    if not wan or len(tail) != 1 or tail not in DIGITS or tail in "零〇两":
        return None
    whole = parse_cardinal(head)
    return f"{whole}.{DIGITS[tail]}万" if whole and whole < WAN else None


def is_approximate(run: str) -> bool:
    """五六, 三五, 十七八, 二三十, 三四百: two neighbouring digits that mean "about", not a number."""
    values = [DIGITS.get(char) for char in run]
    return any(left and right and (right - left == 1 or (left, right) == (3, 5)) for left, right in pairwise(values))
