"""Inverse text normalisation: writes spoken numbers in Chinese and English text as people write them.

Has the entry points and the mapping between spoken and written text; the rules of each language are in
the packages `chinese` and `english`. Pure functions of the text: no model, no settings, no audio.

The policy, in one place:

* Only numerals change, words stay: 下午两点半 -> 下午2点半, 三十五块五 -> 35块5, 零下五度 -> 零下5度. The exceptions
  are spelled symbols: 百分之 (%), 千分之 (‰), 分之 (/), 点 inside a decimal (.), 负 (-), 杠 between digits (-); in
  English percent (%), dollars ($), euros (€), pounds and pence (£), point and dot (.), dash (-), a.m. and p.m.,
  and a half (.5, before a unit or million).
* Eleven and above become digits wherever they count something. Zero to ten stay words before an ordinary
  measure word (三个人, 第一次, 十年) and become digits in dates, clock times, money, percentages, fractions,
  decimals, ranges (三到五天), scores (三比二), powers (10的3次方), and before a unit of measurement (五公里, 三小时).
* 万 and 亿 stay where they make the number short: 500万, 1.2亿, but 35000.
* Three or more digits read one by one are joined: 三零二房间, phone numbers, years. Counting aloud (一二三) does not.
* A letter and its number are one word, without the recogniser's space: T3航站楼, 5G, 沪C12345; names keep it: iPhone 15.
* Approximate numbers stay words: 五六个, 二三十, 十几, 几十万, 二十来个.
* Idioms, names, holidays, reigns and lunar dates stay (`chinese/fixed.py`).
* English: zero to nine stay words in prose and become digits with a unit, percent, money, date, time or score, and
  after a word that they number (step 2, type 2 diabetes). Half past two, quarter to six stay; ranges share: $5 to $10.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from app.engine.text.chinese import replacements as chinese
from app.engine.text.english import replacements as english

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Replacement:
    """`raw[raw_start:raw_end]` is written as `text[start:end]`; characters outside all replacements are equal."""

    raw_start: int
    raw_end: int
    start: int
    end: int


@dataclass(frozen=True)
class Normalised:
    """Written text and where it differs from the spoken text, in order and non-overlapping."""

    text: str
    spans: tuple[Replacement, ...]


def normalise(text: str) -> str:
    """Return the written form of `text`; text already in written form is unchanged."""
    return normalise_with_mapping(text).text


def normalise_with_mapping(text: str) -> Normalised:
    """Return the written form of `text` with the character ranges that changed, so that times can be mapped."""
    pieces: list[str] = []
    spans: list[Replacement] = []
    raw_position = position = 0
    for raw_start, raw_end, written in _replacements(text):
        kept = text[raw_position:raw_start]
        start = position + len(kept)
        pieces += [kept, written]
        raw_position, position = raw_end, start + len(written)
        spans.append(Replacement(raw_start, raw_end, start, position))
    return Normalised("".join(pieces) + text[raw_position:], tuple(spans))


def _replacements(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield the replacements of both languages in order; if two overlap (ten K 五), the first wins."""
    position = 0
    for start, end, written in sorted(chain(chinese.replacements(text), english.replacements(text))):
        if start >= position:
            yield start, end, written
            position = end
