"""Hotwords as FunASR's clients write them: an object of weights, the same as a JSON text, or words in a row."""

from __future__ import annotations

import re
from typing import Any

from pydantic_core import from_json

from app.domain.errors.base import N_
from app.domain.errors.requests import InvalidParameter
from app.domain.hotwords import GREATEST_WEIGHT, LEAST_WEIGHT, Hotword, listed_hotwords, parse_hotwords, unique_hotwords

WEIGHT_AFTER_SPACE = re.compile(r"(\S.*?)\s+(\d{1,4})")


def read_hotwords(given: Any) -> tuple[Hotword, ...]:
    """Read hotwords in any of their forms; weights beyond ours are the greatest or the least.

    >>> [str(word) for word in read_hotwords('{"阿里巴巴": 30}')]
    ['阿里巴巴:30']
    >>> [str(word) for word in read_hotwords("甲 乙")]
    ['甲', '乙']

    Raises:
        InvalidParameter: it is none of these, there are too many, or one is too long.
    """
    if given is None:
        return ()
    if isinstance(given, str):
        return _of_text(given.strip())
    if isinstance(given, dict):
        return unique_hotwords(Hotword(text.strip(), _weight(weight)) for text, weight in given.items() if text.strip())
    if isinstance(given, list) and all(isinstance(word, str) for word in given):
        return listed_hotwords(given)
    raise InvalidParameter(name="hotwords", reason=N_("it is neither a text nor a list"))


def _of_text(text: str) -> tuple[Hotword, ...]:
    if text.startswith(("{", "[")):
        try:
            return read_hotwords(from_json(text, allow_inf_nan=False))
        except ValueError:
            raise InvalidParameter(name="hotwords", reason=N_("it is not well-formed JSON")) from None
    lines = text.splitlines()
    weighted = [WEIGHT_AFTER_SPACE.fullmatch(line.strip()) for line in lines if line.strip()]
    if weighted and all(weighted):  # the lines of a file of hotwords
        return unique_hotwords(Hotword(match[1], _weight(int(match[2]))) for match in weighted if match)
    return parse_hotwords(text)


def _weight(given: Any) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        raise InvalidParameter(name="hotwords", reason=N_("a weight is no number"))
    try:
        weight = float(given)
    except ValueError:
        raise InvalidParameter(name="hotwords", reason=N_("a weight is no number")) from None
    return max(LEAST_WEIGHT, min(weight, GREATEST_WEIGHT)) if weight == weight else LEAST_WEIGHT  # noqa: PLR0124 - NaN
