"""Normalises Chinese: Whisper mixes simplified and traditional characters, and half-width punctuation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from app.domain.languages import TRADITIONAL

WIDE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
CONVERSIONS = {"zh": "t2s", TRADITIONAL: "s2t"}
"""Language to the conversion of OpenCC; Cantonese and Japanese keep their characters."""
_HALF_WIDTH = re.compile(rf"(?<=[{WIDE}」』”）])[,.?!:;]$")
_FULL_WIDTH = str.maketrans(",.?!:;", "，。？！：；")


def convert(texts: Sequence[str], language: str) -> list[str]:
    """Return the pieces of one text in the characters of the language, piece by piece."""
    if language not in CONVERSIONS:
        return list(texts)
    converter = _converter(CONVERSIONS[language])
    whole = "".join(texts)
    converted = str(converter.convert(whole))
    if len(converted) != len(whole):  # the length of a phrase changed: its parts cannot be located
        return [str(converter.convert(text)) for text in texts]
    parts, begin = [], 0
    for text in texts:
        parts.append(converted[begin : begin + len(text)])
        begin += len(text)
    return parts


def with_wide_marks(word: str) -> str:
    """Use full-width punctuation after a Chinese or Japanese character."""
    return _HALF_WIDTH.sub(lambda mark: mark[0].translate(_FULL_WIDTH), word)


@cache
def _converter(name: str) -> Any:
    from opencc import OpenCC

    return OpenCC(name)
