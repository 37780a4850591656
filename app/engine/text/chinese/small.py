"""Zero to ten where they become digits: before a unit of measurement or money, and in a few fixed contexts."""

from __future__ import annotations

import re

from app.engine.text.chinese import numbers as zh
from app.engine.text.chinese.context import SERIES_BEFORE, Match, after, before, integer

MEASURE_UNITS = (
    "公里|分米|厘米|毫米|微米|纳米|英里|英尺|英寸|海里|光年|米|公斤|千克|毫克|微克|克(?![拉拿隆服制])|吨|斤|磅|盎司"
    "|毫升|加仑|升(?![级学天])|平方|立方|平米|公顷|英亩|亩|公分|摄氏度|华氏度"
    "|小时|分钟|秒|毫秒|瓦|千瓦|伏|安培|安(?![一-龥])|毫安|赫兹|千赫|兆|像素|字节|比特|分贝|马力|卡路里|千卡|大卡|节课时"
    "|个百分点|世纪|人民币|元(?![旦宵素老月帅首凶朝代件宫镇阁玉杂论政]|数(?!额))|美元|美金|美分|欧元|英镑|日元|港元|港币|韩元|台币|新台币|澳元|加元|卢布"
    "|卢比|法郎|新元|块钱|毛钱|角钱|分钱|人次"
    "|号(?![召称角令脉码])|胜(?=[一二两三四五六七八九十零]+[负平])"
)
LATIN_UNITS = (
    "km|m|cm|mm|nm|kg|g|mg|GB|MB|TB|KB|G|M|K|T|D|P|W|kW|kWh|Hz|kHz|MHz|GHz|V|A|mAh|ml|L|dB|fps|px|s|ms|h|X|%|℃"
)
MONEY_BEFORE = re.compile(r"(?:花|卖|收|付|给|要|赚|省|便宜|贵|降|涨|值|价|只要|才|挣|赔|找|欠|退)了?$")
# contexts where a lone numeral is a name: 1型糖尿病, 5路公交车, 根号2, 请按1
PLACE_AFTER = "型糖尿病|路(?:公交|[汽电]?车|巴士)|号键"
PLACE_BEFORE = "(?<=根号)|(?<=请按)(?!.[下个次种天点些月年分人])|(?<=点差)(?=[^分]{1,3}分)"
TEMPERATURE_BEFORE = re.compile(r"(?:温度?|零[下上]|摄氏|华氏|[升降低高烧]到?|到|负)$")


def write_small(match: Match) -> str | None:
    """Zero to ten before a unit of measurement."""
    value = zh.parse_cardinal(match["run"])
    if value is None or value > 10 or SERIES_BEFORE.search(before(match)):
        return None
    if value == 1 and (
        before(match, 1) in tuple("这那哪每某同另任头上下本前后块元钱毛角")
        or after(match, 2) in ("毛钱", "角钱", "分钱")
    ):
        return None  # 每一公里, 一分钱, 三块钱一斤
    if (
        match["run"] in "零一二"
        and after(match, 1) == "元"
        and not (MONEY_BEFORE.search(before(match)) or after(match, 2) == "元钱")
    ):
        return None  # 军政一元, 二元运算
    return f"{'-' if match['sign'] else ''}{value}"


def write_one(match: Match) -> str | None:
    """A single numeral that needs no further check: 公元三年, 一分三十秒."""
    return integer(match["run"])


def write_minus(match: Match) -> str | None:
    value = zh.parse_cardinal(match["run"])
    return None if value is None or value > 10 else f"-{value}"


def write_discount(match: Match) -> str | None:
    return zh.write_digits(match["run"])


def write_degrees(match: Match) -> str | None:
    value = zh.parse_cardinal(match["run"])
    return str(value) if value is not None and TEMPERATURE_BEFORE.search(before(match)) else None


def write_points(match: Match) -> str | None:
    value = zh.parse_cardinal(match["run"])
    known = re.search(r"(?:(?:得|扣|加|打|拿|给|考)了?个?|满分|评分[为是]?)$", before(match))
    return str(value) if known and value is not None else None


def write_price(match: Match) -> str | None:
    value = zh.parse_cardinal(match["run"])
    return str(value) if value is not None and MONEY_BEFORE.search(before(match)) else None
