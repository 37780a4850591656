"""Percentages, fractions, decimals, versions, powers, and the lone numeral that ends a measure."""

from __future__ import annotations

import re

from app.engine.text.chinese import numbers as zh
from app.engine.text.chinese.context import CLASSIFIERS, Match, after, before, decimal, integer
from app.engine.text.chinese.small import MEASURE_UNITS

# after these, 三点十二 is a version, not a time
VERSION_BEFORE = re.compile(
    r"(?:版本|蓝牙|鸿蒙|python|java|i?os|android|windows|chrome|node|php|ruby|mysql|cuda|pytorch|ubuntu|linux"
    r"|usb|hdmi|http|wi-?fi|gpt|\bv) ?$",
    re.IGNORECASE,
)


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


def write_decimal(match: Match) -> str | None:
    whole, fraction = integer(match["whole"]), match["fraction"]
    numbered = before(match, 1) == "第" and after(match, 1) not in ("代", "版", "期")
    if whole is None or whole[-1] in "万亿" or numbered:
        return None
    one_fraction_digit = len(fraction) == 1 and not match["unit"]
    if (
        one_fraction_digit
        and match["whole"] == "一"
        and before(match, 1) in tuple("有这那早晚快慢多少大小好差")
        and not re.match(f"{MEASURE_UNITS}|倍|个? ?[A-Z]", after(match))
    ):
        return None
    if fraction == "一" and len(whole) == 1 and after(match, 1) in tuple("个些起定直样点滴种边"):
        return None
    return f"{'-' if match['sign'] else ''}{whole}.{zh.write_digits(fraction)}{match['unit'] or ''}"


def write_version(match: Match) -> str | None:
    parts = [integer(part) for part in match[0].split("点")]
    if len(parts) == 2 and not VERSION_BEFORE.search(before(match, 12)):
        return None
    if any(part is None or part[-1] in "万亿" for part in parts) or len(set(match[0])) == 2:
        return None
    return ".".join(part for part in parts if part)


def write_after_unit(match: Match) -> str | None:
    """The lone numeral that ends a measure: 一米八, 三块五, 三十七度五."""
    head, tail = integer(match["head"]), match["tail"]
    if head is None or not zh.is_digit_string(tail) or (len(tail) > 1 and match["unit"] not in ("米", "秒")):
        return None
    if after(match, 1) in tuple(CLASSIFIERS) and match["unit"] != "米":
        return None
    return f"{head}{match['unit']}{zh.write_digits(tail)}{match['more'] or ''}"


def write_catties(match: Match) -> str | None:
    """三斤二两."""
    catties = integer(match["catties"])
    return f"{catties}斤{integer(match['taels'])}" if catties else None


def write_power(match: Match) -> str | None:
    """Base and exponent of 十的负六次方."""
    written = decimal(match["run"])
    return f"{match.groupdict().get('minus') or ''}{written}" if written else None
