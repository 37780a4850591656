"""Years, months and days; lunar and reign dates stay words."""

from __future__ import annotations

import re

from app.engine.text.chinese import numbers as zh
from app.engine.text.chinese.context import (
    Match,
    after,
    before,
    padded,
    small_value,
)
from app.engine.text.chinese.fixed import REIGNS

LUNAR_BEFORE = re.compile(r"(?:[农阴旧古夏]历的?|闰)(?:[一二三四五六七八九十冬腊]{1,3}月)?$|[正腊冬]月$")
REIGN_BEFORE = re.compile(f"(?:{'|'.join(REIGNS)})$")
# 康熙二十一年五月, 元兴三年七月十二: a reign date; an unlisted reign is recognised by its low year
REIGN_DATE_BEFORE = re.compile(
    rf"(?:(?:{'|'.join(REIGNS)})[元一二三四五六七八九十]{{1,3}}"
    r"|(?<!民国)(?<!昭和)(?<!大正)(?<!平成)(?<!令和)(?<![第零〇一二三四五六七八九十0-9])[元一二三四五六七八九十])"
    r"年[春夏秋冬]?闰?(?:[一二三四五六七八九十]{1,2}月)?$"
)


def write_short_year(match: Match) -> str | None:
    """九八年, 零八年, 八零后; 五六年 is "five or six years" unless a month follows."""
    run = match["run"] or match["class"]
    if match["class"] and not set(run) & set("零〇"):
        return None  # 零三级新生, but 五四级
    clear = run[0] in "零〇" or run[1] in "零〇" or re.match(r"[一二三四五六七八九十]{1,2}月", after(match)[1:] + "  ")
    if run[0] == "幺" or (not clear and zh.is_approximate(run)):
        return None
    return zh.write_digits(run)


def write_month(match: Match) -> str | None:
    month = small_value(match["run"])
    if month is None or not 1 <= month <= 12 or is_old_date(match):
        return None
    if month == 1 and before(match, 1) in tuple("同每这那另任满整"):
        return None
    return padded(match["run"], month)


def write_day(match: Match) -> str | None:
    day = small_value(match["run"])
    if day is None or not 1 <= day <= 31 or zh.is_approximate(match["run"]) or after(match, 1) in zh.DIGITS:
        return None
    previous = before(match, 12)
    if is_old_date(match) or not re.search(r"[一二三四五六七八九十本上下当这每0-9]月$", previous):
        return None
    marked = after(match, 1) in tuple("日号")
    return padded(match["run"], day) if marked or (day > 10 or re.match(r"[到至，。,.、]|$", after(match))) else None


def is_old_date(match: Match) -> bool:
    """Return whether it is a lunar (农历八月十五) or reign date, which is written in Chinese numerals."""
    previous = before(match, 16)
    return LUNAR_BEFORE.search(previous) is not None or REIGN_DATE_BEFORE.search(previous) is not None
