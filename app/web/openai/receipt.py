"""The header that tells what of a request was done otherwise."""

from __future__ import annotations

import json
from collections.abc import Iterable

from app.domain.transcript import Applied

NAME = "x-funasr-receipt"
MOST_LINES = 30
LONGEST_BYTES = 6000  # proxies take 8 KB for all headers


def receipt_header(id: str, lines: Iterable[Applied], *, is_repeat: bool) -> str:
    """Return compact JSON in ASCII: the transcription, and each value that was changed or ignored, with the reason."""
    told = [line.told() for line in lines if line.reason or line.asked != line.applied][:MOST_LINES]
    while len(written := _written(id, told, is_repeat=is_repeat)) > LONGEST_BYTES:
        told = told[:-1]
    return written


def _written(id: str, told: list[dict[str, str]], *, is_repeat: bool) -> str:
    receipt = {"transcription": id, "repeat": is_repeat, "changes": told}
    return json.dumps(receipt, ensure_ascii=True, separators=(",", ":"))
