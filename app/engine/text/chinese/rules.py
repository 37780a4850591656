"""The rules that turn one spoken Chinese number into digits, in the order they are tried.

A rule is a pattern, matched where a run of numerals begins, and a writer that returns the written form of
the whole match or None to pass. Writers may look at the text around the match. The policy is in itn.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.engine.text.chinese import amounts, clock, counts, dates, small
from app.engine.text.chinese.context import CLASSIFIERS, DIGIT, RUN, SIGN, SPOKEN_DECIMAL

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.engine.text.chinese.context import Match

    Writer = Callable[[Match], str | None]


@dataclass(frozen=True)
class Rule:
    """One way to read a number: `pattern` is matched at the first numeral."""

    pattern: re.Pattern[str]
    write: Writer


def _rule(pattern: str, write: Writer) -> Rule:
    return Rule(re.compile(pattern), write)


SCORE = "(?:[二三四五六七八九]?十[一二三四五六七八九]?|[零一二三四五六七八九])"
PER_PIECE = "一[斤个张件只本份瓶盒包碗杯串条袋箱位人次天晚]"  # 三块五一斤

WEIGHT = "[一二两三四五六七八九][百十][零〇一二三四五六七八九十]*(?:公?斤|千克)"  # 一米七六一百四十斤

RULES = (
    _rule(
        rf"{SIGN}(?P<base>[百千])分之(?P<minus>负)?(?P<first>{SPOKEN_DECIMAL})(?![几多来]十|几)"
        rf"(?:(?P<to>[到至])(?:(?P=base)分之)?(?P<last>{SPOKEN_DECIMAL}))?",
        amounts.write_percent,
    ),
    _rule(rf"(?:(?P<whole>{RUN})又)?(?P<bottom>{RUN})分之(?P<top>{RUN})(?!点)", amounts.write_fraction),
    _rule(rf"{DIGIT}++(?:杠{DIGIT}++)+", counts.write_joined),
    _rule(rf"{RUN}排{RUN}(?=[座号])", counts.write_relation),
    _rule(
        rf"(?:{RUN}[块元])?[一二两三四五六七八九][毛角][一二三四五六七八九](?!{RUN}|[{CLASSIFIERS}])"
        rf"|{RUN}[块元][一二两三四五六七八九](?=[毛角])",
        counts.write_relation,
    ),
    _rule(rf"(?:{SCORE}比{SCORE}(?={SCORE}比)){{1,6}}{SCORE}比{SCORE}(?!{RUN})", counts.write_scores),
    _rule(rf"(?P<run>{SPOKEN_DECIMAL})(?=的负?{RUN}次[方幂](?!程))", amounts.write_power),
    _rule(rf"(?<=的)(?P<minus>负?)(?P<run>{RUN})(?=次[方幂](?!程))", amounts.write_power),
    _rule(
        rf"(?<=差)(?:一刻|(?P<minutes>{RUN})(?=分))(?P<between>(?:分|钟)*[到就]?)(?P<hour>{RUN})(?=点)",
        clock.write_countdown,
    ),
    _rule(
        rf"(?<!第){RUN}(?:栋|幢|号楼|单元){RUN}(?:单元|室|号|房|户|(?![层楼个百千万点]))(?:{RUN}(?:室|号|房|户)?)?",
        counts.write_relation,
    ),
    _rule(
        rf"(?P<catties>{RUN})(?P<unit>斤)(?P<taels>[一二三四五六七八九])(?=两(?![个天人次]))",
        amounts.write_catties,
    ),
    _rule(
        rf"{SPOKEN_DECIMAL}(?:[加减乘比]|乘以|除以){SPOKEN_DECIMAL}(?:(?:[加减乘比]|乘以|除以|[等大小]于|得){SPOKEN_DECIMAL}){{0,4}}",
        counts.write_relation,
    ),
    _rule(
        rf"(?:{DIGIT}{{1,3}}|{RUN})(?:点(?:[二三四五六七八九]?十{DIGIT}?|{DIGIT}{{1,3}})){{2,4}}(?![十百千分半整钟])",
        amounts.write_version,
    ),
    _rule(
        rf"(?:(?<=[A-Za-z])|(?<=[A-Za-z] )|(?<=版本)|(?<=蓝牙)|(?<=鸿蒙)){RUN}(?:点{RUN}){{1,3}}",
        amounts.write_version,
    ),
    _rule(
        r"(?P<hour>[零〇一二两三四五六七八九十]{1,3})(?P<unit>点钟?|时)"
        r"(?P<rest>整|半(?!个|天|小时|年)|[一三]刻|(?P<past>过)?(?P<minutes>[零〇][一二三四五六七八九]|"
        r"[二三四五]?十[一二三四五六七八九]?|[一二三四五六七八九](?=分(?!钟)))(?P<suffix>分)?(?![钟之点零〇一二三四五六七八九十百千万亿]))",
        clock.write_clock,
    ),
    _rule(
        r"(?<=[早上午晚里间夜晨])(?P<hour>[零〇一二两三四五六七八九十]{1,3})(?P<unit>点钟?|时)",
        clock.write_hour,
    ),
    _rule(
        rf"{SIGN}(?P<whole>{RUN})点(?P<fraction>{DIGIT}++)(?!十|百(?!万)|刻)(?P<unit>万亿|千万|百万|[千万亿](?![米克瓦卡赫]))?",
        amounts.write_decimal,
    ),
    _rule(
        r"(?P<hour>[零〇一二两三四五六七八九十]{1,3})(?P<unit>点钟?|时)(?![零〇一二两三四五六七八九])",
        clock.write_hour,
    ),
    _rule(
        rf"(?P<run>{DIGIT}{{2}})(?=年(?!级)|赛季|后[^天来面]|后$|届)|(?P<class>{DIGIT}{{2}})(?=级)",
        dates.write_short_year,
    ),
    _rule(
        r"(?P<run>[零〇]?[一二三四五六七八九十]{1,2})(?=月(?!廿|卅|初[一二三四五六七八九十]|[甲乙丙丁戊己庚辛壬癸]))",
        dates.write_month,
    ),
    _rule(r"(?<=月)(?P<run>[零〇]?[一二三四五六七八九十]{1,3})", dates.write_day),
    _rule(rf"(?<=第)(?P<run>{RUN})", counts.write_ordinal),
    _rule(rf"(?:(?<=零下)|(?<=零上))(?P<run>{RUN})(?=[到至](?:零[上下])?{RUN}[度摄])", small.write_one),
    _rule(
        rf"(?P<first>{SPOKEN_DECIMAL})(?P<unit>)(?P<to>[到至])(?!零[上下])(?P<last>{SPOKEN_DECIMAL})(?![几点])",
        counts.write_range,
    ),
    _rule(
        rf"(?P<first>{RUN})(?P<unit>[岁天年周层楼级名位个人次倍届班章集页期回节卷])(?P<to>[到至])(?P<last>{RUN})(?=(?P=unit))",
        counts.write_range,
    ),
    _rule(
        rf"(?P<first>{RUN})(?P<unit>[天日年月周岁人次元倍])(?P<to>以上)(?P<last>{RUN})(?=(?P=unit)以下)",
        counts.write_range,
    ),
    _rule(
        rf"{RUN}秒[一二三四五六七八九]?十[一二三四五六七八九]?(?!{RUN}|[{CLASSIFIERS}])",
        counts.write_relation,
    ),
    _rule(
        rf"(?P<head>{RUN})(?P<unit>米|块|度|毛|公?斤|秒)(?P<tail>{DIGIT}(?={PER_PIECE})|{DIGIT}{{1,2}})"
        rf"(?P<more>[毛角]?)(?:(?={PER_PIECE})|(?={WEIGHT})|(?![零〇一二两三四五六七八九十百千万亿点]))",
        amounts.write_after_unit,
    ),
    _rule(rf"(?P<run>{DIGIT}{{3,}}+)(?![两十百千万亿])", counts.write_digit_string),
    _rule(r"(?P<run>[一二三四五六七八九]{1,2})(?=折(?![磨扣线叠腾射返断中服凳椅]))", small.write_discount),
    _rule(rf"(?:(?<=[A-Za-z])|(?<=[A-Za-z] ))(?P<run>{SPOKEN_DECIMAL})", counts.write_after_latin),
    _rule(rf"{SIGN}(?P<run>{RUN})(?=\s?(?:{small.LATIN_UNITS})(?![A-Za-z]))", small.write_small),
    _rule(rf"{SIGN}(?P<run>[零〇一二两三四五六七八九十])(?={small.MEASURE_UNITS})", small.write_small),
    _rule(rf"{SIGN}(?P<run>十)(?=千[米克瓦])", small.write_small),
    _rule(r"负(?P<run>[零一二三四五六七八九十])(?=[度到至和的，。、,.!！?？]|摄氏|$)", small.write_minus),
    _rule(r"(?<=公元|元前|民国|昭和|大正|平成|令和)(?P<run>[一二三四五六七八九十])(?=年)", small.write_one),
    _rule(rf"{SIGN}(?P<run>[零〇一二两三四五六七八九十]{{1,3}})(?=度)", small.write_degrees),
    _rule(rf"(?P<run>[一二两三四五六七八九])(?=分{RUN}秒)", small.write_one),
    _rule(r"(?P<run>[零一二两三四五六七八九十])(?=分(?![之钟别为]))", small.write_points),
    _rule(r"(?P<run>[一二两三四五六七八九十])(?=块)", small.write_price),
    _rule(r"(?:(?<=小时)|(?<=分))(?P<run>[零〇][一二三四五六七八九])(?=[分秒])", clock.write_padded),
    _rule(f"(?:{small.PLACE_BEFORE})(?P<run>{RUN})", small.write_one),
    _rule(f"(?P<run>{RUN})(?={small.PLACE_AFTER})", small.write_one),
    _rule(rf"{SIGN}(?P<run>{RUN})", counts.write_cardinal),
)
