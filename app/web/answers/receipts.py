"""Words a receipt for a person: what the engine noted of its speech detection is made of figures."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from app.domain.errors.base import N_
from app.domain.transcript import Applied
from app.web.schemas.transcriptions import ReceiptLine

MS_PER_SECOND = 1000

_SUMMARY = re.compile(
    r"(?:Silero, threshold (?P<threshold>[\d.]+)|(?:webrtcvad, )?mode (?P<mode>\d), (?P<frame>\d+) ms)"
    r", silence (?P<silence>\d+) ms(?:, at most (?P<longest>\d+) ms)?"
)
"""VadOptions.summary, also as versions before the choice of a detector stored it."""


def receipt_answer(receipt: Iterable[Applied], translate: Callable[[str], str]) -> list[ReceiptLine]:
    return [_line(line, translate) for line in receipt]


def _line(line: Applied, translate: Callable[[str], str]) -> ReceiptLine:
    told = line.told(translate)
    if line.name == "vad":
        told |= {name: _detection(told[name], translate) for name in ("asked", "applied")}
    return ReceiptLine(**told)


def _detection(summary: str, translate: Callable[[str], str]) -> str:
    """Return a summary in words; what is none of ours stays as it is."""
    found = _SUMMARY.fullmatch(summary)
    if not found:
        return summary
    if found["threshold"]:
        detector = translate(N_("Silero, threshold {threshold}")).format(threshold=found["threshold"])
    else:
        detector = translate(N_("webrtcvad, strictness {mode} of 3")).format(mode=found["mode"])
    parts = [
        detector,
        translate(N_("a pause of {seconds} s ends a segment")).format(seconds=_seconds(found["silence"])),
    ]
    if found["longest"]:
        parts.append(translate(N_("no segment longer than {seconds} s")).format(seconds=_seconds(found["longest"])))
    return translate(N_("; ")).join(parts)


def _seconds(milliseconds: str) -> str:
    return f"{int(milliseconds) / MS_PER_SECOND:g}"
