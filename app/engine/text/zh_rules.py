"""The rules that turn one spoken Chinese number into digits, in the order in which they are asked.

A rule is a pattern, matched where a run of numerals begins, and a writer that returns the written form of
the whole match or None to pass. Writers may look at what stands before and after the match. The policy is
told in itn.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from app.engine.text import zh_numbers as zh
from app.engine.text.zh_fixed import EVENT_AFTER, REIGNS

if TYPE_CHECKING:
    from collections.abc import Callable

    Match = re.Match[str]
    Writer = Callable[[Match], str | None]

RUN = "[零〇幺一二两三四五六七八九十百千万亿]++"  # a run of numerals
DIGIT = "[零〇幺一二三四五六七八九]"

PART_OF_DAY = (
    "早上|早晨|清晨|清早|大早|早|凌晨|上午|午前|中午|正午|下午|午后|傍晚|黄昏|晚上|今晚|明晚|昨晚|当晚|每晚|晚间|晚"
    "|夜里|夜间|半夜|深夜|午夜|当地时间|北京时间|时间"
)
MEASURE_UNITS = (
    "公里|分米|厘米|毫米|微米|纳米|英里|英尺|英寸|海里|光年|米|公斤|千克|毫克|微克|克(?![拉拿隆服制])|吨|斤|磅|盎司"
    "|毫升|加仑|升(?![级学天])|平方|立方|平米|公顷|英亩|亩|公分|摄氏度|华氏度"
    "|小时|分钟|秒|毫秒|瓦|千瓦|伏|安培|毫安|赫兹|千赫|兆|像素|字节|比特|分贝|马力|卡路里|千卡|大卡|节课时"
    "|个百分点|世纪|人民币|元(?![旦宵素老月帅首凶朝代件])|美元|美金|美分|欧元|英镑|日元|港元|港币|韩元|台币|新台币|澳元|加元|卢布"
    "|卢比|法郎|新元|块钱|毛钱|角钱|分钱|人次"
    "|号(?![召称角令脉码])|胜(?=[一二两三四五六七八九十零]+[负平])"
)
LATIN_UNITS = "km|m|cm|mm|nm|kg|g|mg|GB|MB|TB|KB|G|M|K|T|D|P|W|kW|kWh|Hz|kHz|MHz|GHz|V|A|mAh|ml|L|dB|fps|px|s|ms|h|X|%|℃"
# what may be counted by one syllable: 三千一个月 is 3000 a month, not 3100 months
CLASSIFIERS = "个天年月周次位张斤件套台条只间份颗人晚平"
# a 点 that is an item of a list, not an hour
POINT_BEFORE = "有这那下第提讲说几前后共的每得优缺重要特满差了两种分同"
HOUR_BEFORE = "天日号到从至在点约是快过才都每周后前期一二三四五六，, 。！？；：、,.!?;:\n"
HOUR_AFTER = re.compile(
    r"多|左右|以前|之前|以后|之后|[前后]|见|集合|开[会始门饭场课业幕]|关门|起床?|睡|[上下]班|出发|准时|到|至|的"
    r"|吃|回|来|去|就|才|还|了|吗|吧|[，。？！,.?!]|$"
)
TIME_BEFORE = re.compile(f"(?:{PART_OF_DAY}|现在[是才都]?|已经|[日号天在到从至约快])$")
SCORE_BEFORE = re.compile(
    r"(?:场均|平均|均|得分?|得了|考了?|扣了?|打了?|加了?|评分.{0,3}|分数.{0,2}|均分|满分|豆瓣.{0,4}|给了?|是|有|为|拿了?)$"
)
MONEY_BEFORE = re.compile(r"(?:花|卖|收|付|给|要|赚|省|便宜|贵|降|涨|值|价|只要|才|挣|赔|找|欠|退)了?$")
TEMPERATURE_BEFORE = re.compile(r"(?:温度?|零[下上]|摄氏|华氏|[升降低高烧]到?|到|负)$")
LUNAR_BEFORE = re.compile(r"(?:[农阴旧古夏]历的?|闰)(?:[一二三四五六七八九十冬腊]{1,3}月)?$|[正腊冬]月$")
REIGN_BEFORE = re.compile(f"(?:{'|'.join(REIGNS)})$")
# 康熙二十一年五月, 元兴三年七月十二: a date of a reign; one that the list does not know is told by its low year
REIGN_DATE_BEFORE = re.compile(
    rf"(?:(?:{'|'.join(REIGNS)})[元一二三四五六七八九十]{{1,3}}"
    r"|(?<![第零〇一二三四五六七八九十0-9])[元一二三四五六七八九十])"
    r"年[春夏秋冬]?闰?(?:[一二三四五六七八九十]{1,2}月)?$"
)
CODE_BEFORE = re.compile(
    r"(?:密码|口令|号码|电话|手机|验证码|编号|尾号|工号|学号|账号|卡号|单号|房间|热线|拨打|代码|邮编)[是为：:，, ]{0,2}$"
)
SERIES_BEFORE = re.compile(r"(?:神舟|嫦娥|天宫|天问|天舟|长征|风云|玉兔|阿波罗|旅行者|先驱者|东方红|月神)$")
EVENT = re.compile("|".join(EVENT_AFTER))


@dataclass(frozen=True)
class Rule:
    """One way to read a number: `pattern` is matched at the first numeral."""

    pattern: re.Pattern[str]
    write: Writer


def before(match: Match, width: int = 8) -> str:
    return match.string[max(0, match.start() - width) : match.start()]


def after(match: Match, width: int = 4) -> str:
    return match.string[match.end() : match.end() + width]


def integer(run: str | None) -> str | None:
    """A whole number in any spelling: one digit, a string of digits, or a counted number."""
    if not run:
        return None
    if zh.is_digit_string(run):
        return zh.write_digits(run) if len(run) == 1 or not zh.is_approximate(run) else None
    value = zh.parse_cardinal(run)
    return None if value is None else zh.write_short_wan(run) or zh.write_cardinal(value)


def small_value(run: str) -> int | None:
    """The value of an hour, minute, month or day; None for 五六 and the like."""
    if len(run) == 2 and run[0] in "零〇" and run[1] in zh.DIGITS:
        return zh.DIGITS[run[1]]
    return zh.parse_cardinal(run)


# ---- percentages and fractions


def write_percent(match: Match) -> str | None:
    sign = "-" if match["sign"] or match["minus"] else ""
    mark = {"百": "%", "千": "‰"}[match["base"]]
    first, last = decimal(match["first"]), decimal(match["last"])
    if match["first"] == "百":
        first = "100"
    if first is None or (match["last"] and last is None):
        return None
    tail = f"{match['to']}{last}{mark}" if last else ""
    return f"{sign}{first}{mark}{tail}"


def decimal(spoken: str | None) -> str | None:
    whole, point, fraction = (spoken or "").partition("点")
    written = integer(whole)
    if written is None or not point:
        return written
    return f"{written}.{zh.write_digits(fraction)}"


def write_fraction(match: Match) -> str | None:
    bottom, top = integer(match["bottom"]), integer(match["top"])
    if bottom is None or top is None or match["bottom"][0] in "百千万亿零一" or bottom == "1":
        return None
    if "万" in bottom + top or "亿" in bottom + top:
        return None
    if not match["whole"]:
        return f"{top}/{bottom}"
    whole = integer(match["whole"])
    return f"{whole}又{top}/{bottom}" if whole else None


# ---- clock times


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
    return len(spoken) == 1 and SCORE_BEFORE.search(before(match)) is not None


def _minutes(match: Match) -> str | None:
    spoken = match["minutes"]
    minute = small_value(spoken)
    if minute is None or minute > 59 or zh.is_approximate(spoken):
        return None
    if spoken[0] in "零〇" and not match["suffix"] and not TIME_BEFORE.search(before(match)):
        return None  # 一点零五 is 1.05
    return f"{match['past'] or ''}{_padded(spoken, minute)}{match['suffix'] or ''}"


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
    if previous in POINT_BEFORE and previous:
        return False
    follows = HOUR_AFTER.match(after(match)) is not None
    return follows and (not previous or previous in HOUR_BEFORE or after(match, 1) in tuple("见前后多"))


# ---- decimals and versions


def write_decimal(match: Match) -> str | None:
    whole, fraction = integer(match["whole"]), match["fraction"]
    if whole is None or whole[-1] in "万亿" or before(match, 1) == "第":
        return None
    one_fraction_digit = len(fraction) == 1 and not match["unit"]
    if (
        one_fraction_digit
        and match["whole"] == "一"
        and before(match, 1) in tuple("有这那早晚快慢多少大小好差")
    ):
        return None
    if fraction == "一" and len(whole) == 1 and after(match, 1) in tuple("个些起定直样点滴种边"):
        return None
    return f"{'-' if match['sign'] else ''}{whole}.{zh.write_digits(fraction)}{match['unit'] or ''}"


def write_version(match: Match) -> str | None:
    parts = [integer(part) for part in match[0].split("点")]
    if any(part is None or part[-1] in "万亿" for part in parts) or len(set(match[0])) == 2:
        return None
    return ".".join(part for part in parts if part)


# ---- dates


def write_short_year(match: Match) -> str | None:
    """九八年, 零八年, 八零后; 五六年 is "five or six years" unless a month follows."""
    run = match["run"]
    clear = (
        run[0] in "零〇"
        or run[1] in "零〇"
        or re.match(r"[一二三四五六七八九十]{1,2}月", after(match)[1:] + "  ")
    )
    if run[0] == "幺" or (not clear and zh.is_approximate(run)):
        return None
    return zh.write_digits(run)


def write_month(match: Match) -> str | None:
    month = small_value(match["run"])
    if month is None or not 1 <= month <= 12 or _is_old_date(match):
        return None
    return _padded(match["run"], month)


def _is_old_date(match: Match) -> bool:
    """A lunar date (农历八月十五) or one of a reign is written in Chinese numerals."""
    previous = before(match, 16)
    return LUNAR_BEFORE.search(previous) is not None or REIGN_DATE_BEFORE.search(previous) is not None


def _padded(run: str, value: int) -> str:
    return f"{value:02d}" if run[0] in "零〇" else str(value)


def write_day(match: Match) -> str | None:
    day = small_value(match["run"])
    if day is None or not 1 <= day <= 31 or zh.is_approximate(match["run"]):
        return None
    previous = before(match, 12)
    if _is_old_date(match) or not re.search(r"[一二三四五六七八九十本上下当这每0-9]月$", previous):
        return None
    marked = after(match, 1) in tuple("日号")
    return (
        _padded(match["run"], day)
        if marked or (day > 10 or re.match(r"[到至，。,.、]|$", after(match)))
        else None
    )


# ---- whole numbers next to something


def write_ordinal(match: Match) -> str | None:
    """第三十二 -> 第32; 第一 to 第十 stay words."""
    value = zh.parse_cardinal(match["run"])
    if zh.is_digit_string(match["run"]) and len(match["run"]) > 2:
        return zh.write_digits(match["run"])
    return str(value) if value is not None and value > 10 else None


def write_range(match: Match) -> str | None:
    """三到五天 -> 3到5天; with a shared measure word (三岁到十二岁) only where one side is written in digits anyway."""
    first, last = decimal(match["first"]), decimal(match["last"])
    if first is None or last is None or (not match["to"].strip("到至") and before(match, 1) == "第"):
        return None
    if before(match, 1) in tuple("第初") or (
        match["first"] == "一" and before(match, 1) in tuple("每刚这那")
    ):
        return None
    if match["unit"] and not max(len(first), len(last)) > 1:
        return None
    return f"{first}{match['unit']}{match['to']}{last}"


def write_relation(match: Match) -> str | None:
    """三比二, 三加五等于八."""
    parts = re.split(f"({RUN})", match[0])
    written = [integer(part) if index % 2 else part for index, part in enumerate(parts)]
    return None if None in written else "".join(part for part in written if part)


def write_after_unit(match: Match) -> str | None:
    """The lone numeral that ends a measure: 一米八, 三块五, 三十七度五."""
    head, tail = integer(match["head"]), match["tail"]
    if head is None or not zh.is_digit_string(tail) or (len(tail) > 1 and match["unit"] not in ("米", "秒")):
        return None
    if after(match, 1) in tuple(CLASSIFIERS) and match["unit"] != "米":
        return None
    return f"{head}{match['unit']}{zh.write_digits(tail)}{match['more'] or ''}"


def write_digit_string(match: Match) -> str | None:
    """Three or more digits read one by one: room, phone, code, year."""
    run = match["run"]
    if CODE_BEFORE.search(before(match, 12)):
        return zh.write_digits(run)
    values = [zh.DIGITS[char] for char in run]
    counting = {b - a for a, b in pairwise(values)} in ({1}, {-1}) and after(match, 1) != "年"
    weekdays = before(match, 1) == "周" or before(match, 2) in ("星期", "礼拜")  # 每周一三五
    if counting or weekdays or EVENT.match(after(match, 2)):
        return None
    return zh.write_digits(run)


def write_discount(match: Match) -> str | None:
    return zh.write_digits(match["run"])


def write_small(match: Match) -> str | None:
    """Nought to ten before a unit of measurement."""
    value = zh.parse_cardinal(match["run"])
    if value is None or value > 10 or SERIES_BEFORE.search(before(match)):
        return None
    if value == 1 and (
        before(match, 1) in tuple("这那哪每某同另任头上下本前后块元钱毛角")
        or after(match, 2) in ("毛钱", "角钱", "分钱")
    ):
        return None  # 每一公里, 一分钱, 三块钱一斤
    if (
        value <= 1
        and after(match, 1) == "元"
        and not (MONEY_BEFORE.search(before(match)) or after(match, 2) == "元钱")
    ):
        return None  # 军政一元, 零元
    return f"{'-' if match['sign'] else ''}{value}"


def write_one(match: Match) -> str | None:
    """A single numeral where nothing else needs to be asked: 公元三年, 一分三十秒."""
    return integer(match["run"])


def write_catties(match: Match) -> str | None:
    """三斤二两."""
    catties = integer(match["catties"])
    return f"{catties}斤{integer(match['taels'])}" if catties else None


def write_minus(match: Match) -> str | None:
    value = zh.parse_cardinal(match["run"])
    return None if value is None or value > 10 else f"-{value}"


def write_countdown(match: Match) -> str | None:
    """差五分八点."""
    minutes, hour = small_value(match["minutes"]), small_value(match["hour"])
    return None if minutes is None or hour is None or hour > 24 else f"{minutes}{match['between']}{hour}"


def write_degrees(match: Match) -> str | None:
    value = zh.parse_cardinal(match["run"])
    return str(value) if value is not None and TEMPERATURE_BEFORE.search(before(match)) else None


def write_points(match: Match) -> str | None:
    value = zh.parse_cardinal(match["run"])
    known = re.search(r"(?:得|得了|考了|扣|扣了|加|加了|打了|拿了|满分|评分[为是]?)$", before(match))
    return str(value) if known and value is not None else None


def write_price(match: Match) -> str | None:
    value = zh.parse_cardinal(match["run"])
    return str(value) if value is not None and MONEY_BEFORE.search(before(match)) else None


def write_after_latin(match: Match) -> str | None:
    """A四纸, T三航站楼, iPhone十五, PM二点五."""
    run = match["run"]
    if run == "一" and after(match, 1) in tuple("个些起定直样般下边次旦样共种位条台"):
        return None
    return decimal(run)


def write_cardinal(match: Match) -> str | None:
    """Eleven and more, wherever they stand."""
    run = match["run"]
    if len(run) > 2 and run[-1] == "一" and run[-2] in "百千万亿" and after(match, 1) in tuple(CLASSIFIERS):
        run = run[:-1]  # 三千一个月
    elif (
        len(run) > 2
        and run[-1] == "一"
        and zh.parse_cardinal(run) is None
        and after(match, 1) in tuple(CLASSIFIERS)
    ):
        run = run[:-1]  # 两千五一个月
    elif len(run) > 1 and run[-1] == "两":
        run = run[:-1]  # 五十两银子
    elif (
        run[-1] == "千"
        and zh.parse_cardinal(run) is None
        and re.match("[米克瓦卡赫伏帕字兆]", after(match, 1))
    ):
        run = run[:-1]  # 三百千瓦
    value = zh.parse_cardinal(run)
    if value is None or value <= 10 or _stays_spoken(match):
        return None
    sign = "-" if match["sign"] else ""
    return sign + (zh.write_short_wan(run) or zh.write_cardinal(value)) + match["run"][len(run) :]


def _stays_spoken(match: Match) -> bool:
    """二十几, 几十万, 二十来个, 光绪二十四年, 十一放假."""
    previous, following = before(match), after(match)
    if (
        following[:1] == "几"
        or following[:2] == "好几"
        or following[:2] == "分之"
        or re.match("来[个岁年天人块斤里万名位次家]", following)
    ):
        return True
    if match["run"] == "十一" and re.match("长假|假期|黄金周|期间|放假|国庆|小长假|出游", following):
        return True
    if re.search("(?<![零一二三四五六七八九十百千万亿])[一二三四五六七八]、$", previous) and re.match(
        "[二三四五六七八九][十百千万]", match["run"]
    ):
        return zh.DIGITS[match["run"][0]] - zh.DIGITS[previous[-2]] == 1
    series = following[:1] == "号" and SERIES_BEFORE.search(previous)
    reign = following[:1] == "年" and REIGN_BEFORE.search(previous)
    monarch = re.match("世(?!纪)", following)
    return bool(series or reign or monarch) or (previous[-1:] in ("月", "历") and _is_old_date(match))


SIGN = "(?P<sign>负)?"
SPOKEN_DECIMAL = f"{RUN}(?:点{DIGIT}+)?"


def _rule(pattern: str, write: Writer) -> Rule:
    return Rule(re.compile(pattern), write)


RULES = (
    _rule(
        rf"{SIGN}(?P<base>[百千])分之(?P<minus>负)?(?P<first>{SPOKEN_DECIMAL})(?![几多来]十|几)"
        rf"(?:(?P<to>[到至])(?:(?P=base)分之)?(?P<last>{SPOKEN_DECIMAL}))?",
        write_percent,
    ),
    _rule(rf"(?:(?P<whole>{RUN})又)?(?P<bottom>{RUN})分之(?P<top>{RUN})(?!点)", write_fraction),
    _rule(rf"(?<=差)(?P<minutes>{RUN})(?P<between>分钟?[到就]?)(?P<hour>{RUN})(?=点)", write_countdown),
    _rule(
        rf"{RUN}(?:栋|幢|座|号楼|单元){RUN}(?:单元|室|号|房|户|(?![层楼个百千万点]))(?:{RUN}(?:室|号|房|户)?)?",
        write_relation,
    ),
    _rule(
        rf"(?P<catties>{RUN})(?P<unit>斤)(?P<taels>[一二三四五六七八九])(?=两(?![个天人次]))", write_catties
    ),
    _rule(
        rf"{RUN}(?:[加减乘比]|乘以|除以){RUN}(?:(?:[加减乘比]|乘以|除以|等于|得){RUN}){{0,4}}", write_relation
    ),
    _rule(
        rf"(?:{DIGIT}{{1,3}}|{RUN})(?:点(?:{DIGIT}{{1,3}}|十{DIGIT}?)){{2,4}}(?![十百千分半整钟])",
        write_version,
    ),
    _rule(rf"(?:(?<=[A-Za-z])|(?<=版本)){RUN}(?:点{RUN}){{1,3}}", write_version),
    _rule(
        r"(?P<hour>[零〇一二两三四五六七八九十]{1,3})(?P<unit>点钟?|时)"
        r"(?P<rest>整|半(?!个|天|小时|年)|[一三]刻|(?P<past>过)?(?P<minutes>[零〇][一二三四五六七八九]|"
        r"[二三四五]?十[一二三四五六七八九]?|[一二三四五六七八九](?=分))(?P<suffix>分)?(?![钟之点零〇一二三四五六七八九十百千万亿]))",
        write_clock,
    ),
    _rule(
        r"(?<=[早上午晚里间夜晨])(?P<hour>[零〇一二两三四五六七八九十]{1,3})(?P<unit>点钟?|时)", write_hour
    ),
    _rule(
        rf"{SIGN}(?P<whole>{RUN})点(?P<fraction>{DIGIT}++)(?![十百]|刻)(?P<unit>万亿|千万|百万|[千万亿](?![米克瓦卡赫]))?",
        write_decimal,
    ),
    _rule(
        r"(?P<hour>[零〇一二两三四五六七八九十]{1,3})(?P<unit>点钟?|时)(?![零〇一二两三四五六七八九])",
        write_hour,
    ),
    _rule(rf"(?P<run>{DIGIT}{{2}})(?=年(?!级)|赛季|后[^天来面]|后$)", write_short_year),
    _rule(r"(?P<run>[零〇]?[一二三四五六七八九十]{1,2})(?=月)", write_month),
    _rule(r"(?<=月)(?P<run>[零〇]?[一二三四五六七八九十]{1,3})", write_day),
    _rule(rf"(?<=第)(?P<run>{RUN})", write_ordinal),
    _rule(
        rf"(?P<first>{SPOKEN_DECIMAL})(?P<unit>)(?P<to>[到至])(?P<last>{SPOKEN_DECIMAL})(?![几点])",
        write_range,
    ),
    _rule(
        rf"(?P<first>{RUN})(?P<unit>[岁天年周层楼级名位个人次倍届班章集页期回节卷])(?P<to>[到至])(?P<last>{RUN})(?=(?P=unit))",
        write_range,
    ),
    _rule(
        rf"(?P<head>{RUN})(?P<unit>米|块|度|毛|公?斤|秒)(?P<tail>{DIGIT}(?=一[斤个张件只本份瓶盒包碗杯串条袋箱位人次天晚])|{DIGIT}{{1,2}})(?P<more>[毛角]?)(?=一[斤个张件只本份瓶盒包碗杯串条袋箱位人次天晚]|(?![零〇一二两三四五六七八九十百千万亿点]))",
        write_after_unit,
    ),
    _rule(rf"(?P<run>{DIGIT}{{3,}}+)(?![两十百千万亿])", write_digit_string),
    _rule(r"(?P<run>[一二三四五六七八九]{1,2})(?=折(?![磨扣线叠腾射返断中服]))", write_discount),
    _rule(rf"(?<=[A-Za-z])(?P<run>{SPOKEN_DECIMAL})", write_after_latin),
    _rule(rf"{SIGN}(?P<run>{RUN})(?=\s?(?:{LATIN_UNITS})(?![A-Za-z]))", write_small),
    _rule(rf"{SIGN}(?P<run>[零〇一二两三四五六七八九十])(?={MEASURE_UNITS})", write_small),
    _rule(r"负(?P<run>[零一二三四五六七八九十])(?=[度到至和的，。、,.!！?？]|摄氏|$)", write_minus),
    _rule(r"(?<=公元|元前)(?P<run>[一二三四五六七八九十])(?=年)", write_one),
    _rule(rf"{SIGN}(?P<run>[零〇一二两三四五六七八九十]{{1,3}})(?=度)", write_degrees),
    _rule(rf"(?P<run>[一二两三四五六七八九])(?=分{RUN}秒)", write_one),
    _rule(r"(?P<run>[零一二两三四五六七八九十])(?=分(?![之钟别为]))", write_points),
    _rule(r"(?P<run>[一二两三四五六七八九十])(?=块)", write_price),
    _rule(rf"{SIGN}(?P<run>{RUN})", write_cardinal),
)
