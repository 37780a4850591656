"""Shared by all rules: patterns of spoken numbers, the context of a match, and its plain written form."""

from __future__ import annotations

import re

from app.engine.text.chinese import numbers as zh

Match = re.Match[str]

# the 一 of 一直, 一些, 一旦, 一律, 一向, 一定, 一般 never ends a number
_ONE = "一(?![直些旦律向定般])"
RUN = f"(?:[零〇幺二两三四五六七八九十百千万亿]++|{_ONE})++"  # a run of numerals
DIGIT = f"(?:[零〇幺二三四五六七八九]|{_ONE})"
# a 一 before these starts the next word: 三千一个月 is 3000 a month, not 3100 months
CLASSIFIERS = "个天年月周次位张斤件套台条只间份颗人晚平"
SIGN = "(?P<sign>负)?"
SPOKEN_DECIMAL = f"{RUN}(?:点{DIGIT}++)?"
SERIES_BEFORE = re.compile(r"(?:神舟|嫦娥|天宫|天问|天舟|长征|风云|玉兔|阿波罗|旅行者|先驱者|东方红|月神)$")


def before(match: Match, width: int = 8) -> str:
    return match.string[max(0, match.start() - width) : match.start()]


def after(match: Match, width: int = 4) -> str:
    return match.string[match.end() : match.end() + width]


def integer(run: str | None) -> str | None:
    """Return a whole number in any spelling: one digit, a string of digits, or a cardinal."""
    if not run:
        return None
    if zh.is_digit_string(run):
        return zh.write_digits(run) if len(run) == 1 or not zh.is_approximate(run) else None
    value = zh.parse_cardinal(run)
    return None if value is None else zh.write_short_wan(run) or zh.write_cardinal(value)


def decimal(spoken: str | None) -> str | None:
    whole, point, fraction = (spoken or "").partition("点")
    written = integer(whole)
    if written is None or not point:
        return written
    return f"{written}.{zh.write_digits(fraction)}"


def small_value(run: str) -> int | None:
    """Return the value of an hour, minute, month or day; None for 五六 and the like."""
    if len(run) == 2 and run[0] in "零〇" and run[1] in zh.DIGITS:
        return zh.DIGITS[run[1]]
    if len(run) == 2 and zh.is_digit_string(run) and not zh.is_approximate(run):  # 一一 is 11, 二一 is 21
        return int(zh.write_digits(run))
    return zh.parse_cardinal(run)


def padded(run: str, value: int) -> str:
    return f"{value:02d}" if run[0] in "零〇" else str(value)
