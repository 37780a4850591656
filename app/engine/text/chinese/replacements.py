"""Finds spoken numbers in Chinese text and returns their written forms: the walk, not the rules."""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING

from app.engine.text.chinese.codes import PLATE, glued, write_plate
from app.engine.text.chinese.context import RUN
from app.engine.text.chinese.fixed import FIXED_WORDS, WEEKDAY
from app.engine.text.chinese.numbers import DIGITS
from app.engine.text.chinese.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Iterator


def _fixed_pattern() -> str:
    """Return all fixed words, longest first, grouped by first character to keep the search fast."""
    words = sorted({word for group in FIXED_WORDS.values() for word in group.split()})
    plain = [word for word in words if word[0] not in "[("]
    branches = [word for word in words if word[0] in "[("]
    for first, group in groupby(plain, key=lambda word: word[0]):
        tails = sorted((word[1:] for word in group), key=len, reverse=True)
        branches.append(f"{first}(?:{'|'.join(tails)})")
    return "|".join(branches)


_STEP = re.compile(rf"(?P<plate>{PLATE})|(?P<fixed>{WEEKDAY}|{_fixed_pattern()})|负?(?P<run>{RUN})")
_GUESS = re.compile(
    r"[^零一二三四五六七八九十百千万亿]?([一二三四五六七八九])、([二三四五六七八九十])(?=[十百千万点月日号时])"
)
_SCORES_OF = re.compile("[^总人次票分度]?数十(?![一二三四五六七八九])")
_WEIGHT_AFTER_HEIGHT = re.compile(r"米[零〇一二三四五六七八九]{1,2}$")  # 一米七六一百四十斤
_KILOGRAMS = re.compile("公?斤|千克")
_KEPT = re.compile(r"[^0-9./%‰万亿-]+")  # 3.2万 is one piece, whatever was said before 万


def replacements(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield (start, end, written) for each part of `text` that is written differently, in order, non-overlapping.

    A number directly after a rewritten one stays: 三块五一斤 is not 3块51斤.
    """
    position = digits_end = 0
    while step := _STEP.search(text, position):
        start, free, position = step.start(), position, step.end()
        if step["plate"] and write_plate(step["plate"]) != step["plate"]:
            yield start, position, write_plate(step["plate"])
        if not step["run"]:
            continue
        written = _written(text, start)
        follows_digits = digits_end == start > 0
        if (
            written
            and follows_digits
            and _WEIGHT_AFTER_HEIGHT.search(text[:start])
            and _KILOGRAMS.match(text, written[0])
        ):
            written = written[0], f" {written[1]}"
        if written and not (follows_digits and written[1][0].isdecimal()):
            end, new = written
            whole = glued(text, start, end, new, free)
            position = whole[1] if whole else end
            digits_end = position if new[-1].isdecimal() else 0
            yield from [whole] if whole else _pieces(text, start, end, new)


def _written(text: str, start: int) -> tuple[int, str] | None:
    previous = text[max(0, start - 1) : start]
    if previous.isdecimal() or previous == "几" or _SCORES_OF.match(text, max(0, start - 2)):
        return None  # 3万 is already written, 几十 and 数十 are approximate
    if previous == "、" and _continues_a_guess(text, start):
        return None
    for rule in RULES:
        match = rule.pattern.match(text, start)
        new = rule.write(match) if match else None
        if match and new is not None:
            return match.end(), new
    return None


def _continues_a_guess(text: str, start: int) -> bool:
    """七、八点, 三、四百人: two neighbouring numbers with a pause between them mean "about"."""
    pair = _GUESS.match(text, max(0, start - 3))
    return pair is not None and DIGITS.get(pair[2], 10) - DIGITS[pair[1]] == 1


def _pieces(text: str, start: int, end: int, new: str) -> list[tuple[int, int, str]]:
    """Split 两点五十 -> 2点50 at the common part (点), so that each number keeps its own time."""
    old, at, cursor = text[start:end], 0, 0
    pieces = []
    for kept in _KEPT.finditer(new):
        found = old.find(kept[0], at)
        if found < 0:
            return [(start, end, new)]
        pieces.append((start + at, start + found, new[cursor : kept.start()]))
        at, cursor = found + len(kept[0]), kept.end()
    pieces.append((start + at, end, new[cursor:]))
    changed = [piece for piece in pieces if text[piece[0] : piece[1]] != piece[2]]
    return changed if all(a < b and written for a, b, written in changed) else [(start, end, new)]
