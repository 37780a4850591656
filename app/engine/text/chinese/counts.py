"""Whole numbers: ordinals, ranges, relations, digits read one by one, and cardinals from eleven on."""

from __future__ import annotations

import re
from itertools import pairwise

from app.engine.text.chinese import numbers as zh
from app.engine.text.chinese.context import (
    CLASSIFIERS,
    DIGIT,
    SERIES_BEFORE,
    SPOKEN_DECIMAL,
    Match,
    after,
    before,
    decimal,
)
from app.engine.text.chinese.dates import REIGN_BEFORE, is_old_date
from app.engine.text.chinese.fixed import EVENT_AFTER

CODE_BEFORE = re.compile(
    r"(?:(?<![A-Za-z])[A-Z]{1,3}|[民刑行][初终再申]|号[是为]|QQ|密码|口令|号码|电话|手机|验证码|编号|尾号|工号|学号|账号|卡号|单号|房间|热线|拨打|代码|邮编)[是为：:，, ]{0,2}$"
)
CODE_AFTER = re.compile("年|热线|专线|平台|[^号]?号文")
AFTER_LATIN_ONE = tuple("个对些起样下边次共种位条台")
AFTER_LATIN_COUNTED = tuple("个些种位条台次名家间套件张本部天年月岁大款校点步倍秒分人组队班门")
AFTER_NAME = re.compile("[^一-龥]|$|[的是比和跟与或了都也吗呢吧上在有系版花卖出能要更太很不还已才就等]|手机|发布")
ACRONYM_BEFORE = re.compile("(?<![A-Za-z])[A-Z]{1,4} ?$")
LETTER_BEFORE = re.compile("(?<![A-Za-z])[A-Z] ?$")
EVENT = re.compile("|".join(EVENT_AFTER))


def write_ordinal(match: Match) -> str | None:
    """第三十二 -> 第32; 第一 to 第十 stay words."""
    value = zh.parse_cardinal(match["run"])
    if zh.is_digit_string(match["run"]) and (len(match["run"]) > 2 or match["run"][0] in "零〇"):
        return zh.write_digits(match["run"])
    return str(value) if value is not None and value > 10 else None


def write_range(match: Match) -> str | None:
    """三到五天 -> 3到5天; with a shared measure word (三岁到十二岁) only if one side is written in digits anyway."""
    first, last = decimal(match["first"]), decimal(match["last"])
    if first is None or last is None or before(match, 1) in ("第", "初"):
        return None
    if match["first"] == "一" and before(match, 1) in ("每", "刚", "这", "那"):
        return None  # 每一到十点
    if match["unit"] and len(first) == len(last) == 1:
        return None
    if len(first) == 1 and _shares_tens(first, match["last"]):
        return None
    return f"{first}{match['unit']}{match['to']}{last}"


def _shares_tens(first: str, last: str) -> bool:
    """五至六十年代 begins in the fifties."""
    return re.fullmatch("[二三四五六七八九]十", last) is not None and 0 < zh.DIGITS[last[0]] - int(first) < 3


def write_relation(match: Match) -> str | None:
    """三比二, 三加五等于八."""
    if after(match, 1) in tuple("个种样"):
        return None  # 八加一个
    parts = re.split(f"({SPOKEN_DECIMAL})", match[0])
    if any(re.fullmatch("[一二三四五六七八九]{2}", part) for part in parts):
        return None  # 六比四七比六 is two scores
    written = [decimal(part) if index % 2 else part for index, part in enumerate(parts)]
    return None if None in written else "".join(part for part in written if part)


def write_scores(match: Match) -> str | None:
    """六比三六比四 -> 6比3 6比4: consecutive scores."""
    numbers = match[0].split("比")
    inner = [_split_scores(run) for run in numbers[1:-1]]
    flat = [numbers[0], *(number for pair in inner for number in pair), numbers[-1]]
    written = [decimal(number) for number in flat]
    if None in written:
        return None
    return " ".join(f"{first}比{last}" for first, last in zip(written[::2], written[1::2], strict=True))


def _split_scores(run: str) -> tuple[str, str]:
    """The end of one score and the beginning of the next: 二十二二十三 -> 二十二, 二十三; 九十一 -> 九, 十一."""
    for cut in range(1, len(run)):
        first, last = run[:cut], run[cut:]
        if (
            zh.parse_cardinal(first) is not None
            and zh.parse_cardinal(last) is not None
            and not (first in "二三四五六七八九" and last == "十")
        ):
            return first, last
    return run, ""


def write_digit_string(match: Match) -> str | None:
    """Three or more digits read one by one: room, phone, code, year."""
    run = match["run"]
    if CODE_BEFORE.search(before(match, 12)) or _is_group(match):
        return zh.write_digits(run)
    values = [zh.DIGITS[char] for char in run]
    counting = {b - a for a, b in pairwise(values)} in ({1}, {-1}) and not CODE_AFTER.match(after(match))
    weekdays = before(match, 1) == "周" or before(match, 2) in ("星期", "礼拜")  # 每周一三五
    if counting or weekdays or EVENT.match(after(match)):
        return None
    return zh.write_digits(run)


def _is_group(match: Match) -> bool:
    """One of the groups of 一五零 一二三四 五六七八."""
    return (
        re.search(f"{DIGIT}{{3}} $", before(match)) is not None or re.match(f" {DIGIT}{{3}}", after(match)) is not None
    )


def write_joined(match: Match) -> str | None:
    """六杠二杠三零零五 -> 6-2-3005."""
    return "-".join(zh.write_digits(part) for part in match[0].split("杠"))


def write_after_latin(match: Match) -> str | None:
    """A四纸, T三航站楼, iPhone十五, PM二点五; a small number that counts the next word stays (USN三个字母)."""
    run, following = match["run"], after(match, 1)
    acronym = ACRONYM_BEFORE.search(before(match))
    if run == "一" and (following in AFTER_LATIN_ONE or not acronym):
        return None  # Kelly一向, but F一赛车
    train = following == "次" and LETTER_BEFORE.search(before(match))
    small = zh.parse_cardinal(run) in range(2, 11)
    named = following not in AFTER_LATIN_COUNTED if acronym else AFTER_NAME.match(after(match))
    return decimal(run) if not small or named or train else None


def write_cardinal(match: Match) -> str | None:
    """Eleven and above, anywhere."""
    run = _counted(match["run"], after(match, 1))
    value = zh.parse_cardinal(run)
    if value is None or value <= 10 or _stays_spoken(match):
        return None
    sign = "-" if match["sign"] else ""
    return sign + (zh.write_short_wan(run) or zh.write_cardinal(value)) + match["run"][len(run) :]


def _counted(run: str, following: str) -> str:
    """Return the run without a last character that belongs to the next word."""
    valid = zh.parse_cardinal(run) is not None
    ends = run[-2:-1] in tuple("百千万亿") and following in tuple(CLASSIFIERS)
    if len(run) > 2 and run[-1] == "一" and (ends or not valid):
        return run[:-1]  # 三千一个月, 两千五一个月, 五百六十八一克
    if len(run) > 1 and run[-1] == "两":
        return run[:-1]  # 五十两银子
    if not valid and run[-1] in "千百" and following in tuple("米克瓦卡赫伏帕字兆"):
        return run[:-1]  # 三百千瓦
    return run


def _stays_spoken(match: Match) -> bool:
    """二十几, 几十万, 二十来个, 光绪二十四年, 十一放假."""
    previous, following = before(match), after(match)
    if (
        following[:1] == "几"
        or following[:2] == "好几"
        or following[:2] == "分之"
        or re.search("(?<![零一二三四五六七八九十百千万亿月])[一二三四五六七八九][至到]$", previous)
        or re.match("来[个岁年天人块斤里万名位次家]", following)
    ):
        return True
    if match["run"] == "十一" and re.match("长假|假期|黄金周|期间|放假|国庆|小长假|出游|[去回出]", following):
        return True
    series = following[:1] == "号" and SERIES_BEFORE.search(previous)
    reign = following[:1] == "年" and REIGN_BEFORE.search(previous)
    monarch = re.match("世(?![纪界])", following)
    part_of_date = previous[-1:] in ("月", "历") or following[:1] in ("月", "日")
    return bool(series or reign or monarch) or (part_of_date and is_old_date(match))
