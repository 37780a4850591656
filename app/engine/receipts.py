"""How an engine applied the options of one recognition: requested, applied, why. Knows no tensors."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from app.domain.hotwords import Hotword, unusable
from app.domain.options import RecognitionOptions
from app.domain.reasons import (
    GREEDY_HAS_NO_HOTWORDS,
    LANGUAGE_UNKNOWN,
    NO_DECODER,
)
from app.domain.transcript import Applied

MOST_SHOWN = 12  # hotwords in one line; the outcome of each is shown with the text


def language_line(options: RecognitionOptions, known: Collection[str]) -> Applied:
    asked = options.language
    if asked == "auto" or asked in known:
        return Applied("language", asked, asked)
    return Applied("language", asked, "auto", LANGUAGE_UNKNOWN)


def decoding_line(options: RecognitionOptions, applied: str, *, can_rescore: bool) -> Applied:
    reason = NO_DECODER if options.quality == "accurate" and not can_rescore else None
    return Applied("decoding", options.quality, applied, reason)


def hotword_lines(options: RecognitionOptions, unknown: Sequence[tuple[Hotword, str]]) -> tuple[Applied, ...]:
    """Return a line for all hotwords, and one for each that the model cannot write."""
    asked = listed(options.hotwords)
    if options.hotwords and options.quality == "fast":
        return (Applied("hotwords", asked, "", GREEDY_HAS_NO_HOTWORDS),)
    lost = {word for word, _ in unknown}
    used = listed([word for word in options.hotwords if word not in lost])
    return (Applied("hotwords", asked, used), *(unusable(word, letters) for word, letters in unknown))


def punctuation_line(options: RecognitionOptions, applied: str) -> Applied:
    """Return the line for the punctuator used if the model does not punctuate."""
    return Applied("punctuation", "on", applied) if options.punctuation else Applied("punctuation", "off", "off")


def switch_line(name: str, *, is_on: bool) -> Applied:
    asked = "on" if is_on else "off"
    return Applied(name, asked, asked)


def listed(hotwords: Sequence[Hotword]) -> str:
    shown = ", ".join(map(str, hotwords[:MOST_SHOWN]))
    return shown if len(hotwords) <= MOST_SHOWN else f"{shown} ... ({len(hotwords)})"
