"""Clock times: which 点 is an hour, and how its minutes are written, judging only by the surrounding words."""

from __future__ import annotations

import re

from app.engine.text.chinese import numbers as zh
from app.engine.text.chinese.context import (
    RUN,
    Match,
    after,
    before,
    padded,
    small_value,
)

PART_OF_DAY = (
    "早上|早晨|清晨|清早|大早|早|凌晨|上午|午前|中午|正午|下午|午后|傍晚|黄昏|晚上|今晚|明晚|昨晚|当晚|每晚|晚间|晚"
    "|夜里|夜间|半夜|深夜|午夜|当地时间|北京时间|时间"
)
# before a 点 that is a point or item, not an hour
POINT_BEFORE = "有这那下第提讲说几前后共的每得优缺重要特满差了两种分同"
HOUR_BEFORE = "天日号到从至在点约是快过才都每周后前期一二三四五六，, 。！？；：、,.!?;:\n"
HOUR_AFTER = re.compile(
    r"多|左右|差[一二三四五十]|以前|之前|以后|之后|[前后]|见|集合|开[会始门饭场课业幕]|关门|起床?|睡|[上下]班|出发|准时|到|至|的"
    r"|吃|回|来|去|就|才|还|了|吗|吧|[，。？！,.?!]|$"
)
TIME_BEFORE = re.compile(f"(?:{PART_OF_DAY}|现在[是才都]?|已经|[日号天在到从至约快])$")
RANGE_BEFORE = re.compile("点[半钟多]?[到至]$")
MINUTE_AFTER = re.compile("出发|到[达站]|开[会始门车]|见|起[床飞]|集合|发车|登机|[上下]飞?[机班课车]|准时")
SCORE_BEFORE = re.compile(
    r"(?:场均|平均|均|得分?|(?:得|考|扣|打|加)了?个?|评分.{0,3}|分数.{0,2}|均分|满分|豆瓣.{0,4}|给了?|拿了?)$"
)


def write_clock(match: Match) -> str | None:
    hour = small_value(match["hour"])
    if hour is None or hour > 24 or zh.is_approximate(match["hour"]):
        return None
    if match["rest"] and not _is_score(match):
        minutes = match["rest"] if match["minutes"] is None else _minutes(match)
        return None if minutes is None else f"{hour}{match['unit']}{minutes}"
    return None


def _is_score(match: Match) -> bool:
    """豆瓣评分八点五分 is 8.5 points."""
    spoken = match["minutes"] or ""
    return len(spoken) == 1 and spoken != "十" and SCORE_BEFORE.search(before(match)) is not None


def _minutes(match: Match) -> str | None:
    spoken = match["minutes"]
    minute = small_value(spoken)
    if minute is None or minute > 59 or zh.is_approximate(spoken):
        return None
    told = match["suffix"] or MINUTE_AFTER.match(after(match))
    known = told or (match["hour"] not in "零〇" and TIME_BEFORE.search(before(match)))
    if spoken[0] in "零〇" and not known:
        return None  # 一点零五 is 1.05, 到零点零五 is 0.05, but 八点零五出发
    return f"{match['past'] or ''}{padded(spoken, minute)}{match['suffix'] or ''}"


def write_hour(match: Match) -> str | None:
    """An hour by itself: 下午三点, 三点见."""
    hour = small_value(match["hour"])
    if hour is None or hour > 24 or zh.is_approximate(match["hour"]):
        return None
    part_of_day = re.search(f"(?:{PART_OF_DAY})$", before(match)) is not None
    if (
        hour == 1
        and match["unit"] == "点"
        and (before(match, 1) in ("早", "晚") or after(match, 1) in tuple("也都儿没不"))
    ):
        return None  # 早一点, 晚上一点也不困
    if match["unit"] == "时":
        known = part_of_day or before(match, 1) in ("日", "号", "天")
    else:
        known = part_of_day or match["unit"] == "点钟" or (hour > 1 and _stands_as_hour(match))
    return f"{hour}{match['unit']}" if known else None


def _stands_as_hour(match: Match) -> bool:
    previous = before(match, 1)
    if (previous in POINT_BEFORE and previous) or re.search(f"第{RUN}[至到]$", before(match)):
        return False
    if RANGE_BEFORE.search(before(match)):
        return True
    follows = HOUR_AFTER.match(after(match)) is not None
    return follows and (not previous or previous in HOUR_BEFORE or after(match, 1) in tuple("见前后多"))


def write_countdown(match: Match) -> str | None:
    """差五分八点, 差一刻八点."""
    minutes, hour = small_value(match["minutes"] or "零"), small_value(match["hour"])
    if minutes is None or hour is None or hour > 24:
        return None
    return f"{minutes if match['minutes'] else '一刻'}{match['between']}{hour}"


def write_padded(match: Match) -> str:
    """The minutes of 两小时零五分, the seconds of 三分零八秒."""
    return zh.write_digits(match["run"])
