"""What became of the options of one recognition by the native engine: asked, applied, why. Knows no tensors."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from app.domain.errors.base import N_
from app.domain.hotwords import Hotword, unusable
from app.domain.options import RecognitionOptions
from app.domain.transcript import Applied

NO_WEIGHTS = N_("This model takes hotwords without weights.")
PUNCTUATES = N_("This model punctuates by itself.")
WRITES_ITSELF = N_("This model writes numbers by itself.")

GREEDY_IS_DEAF = N_("Fast reads every frame alone: it cannot prefer words.")
NO_DECODER = N_("This model has no attention decoder to read the found texts again.")
LANGUAGE_UNKNOWN = N_("This model does not know the language.")
MOST_SHOWN = 12  # hotwords in one line; what became of each is told with the text


def language_line(options: RecognitionOptions, known: Collection[str]) -> Applied:
    asked = options.language
    if asked == "auto" or asked in known:
        return Applied("language", asked, asked)
    return Applied("language", asked, "auto", LANGUAGE_UNKNOWN)


def decoding_line(options: RecognitionOptions, applied: str, *, can_rescore: bool) -> Applied:
    reason = NO_DECODER if options.quality == "accurate" and not can_rescore else ""
    return Applied("decoding", options.quality, applied, reason)


def hotword_lines(options: RecognitionOptions, unknown: Sequence[tuple[Hotword, str]]) -> tuple[Applied, ...]:
    """Return a line for all hotwords, and one for each that the model cannot write."""
    asked = listed(options.hotwords)
    if options.hotwords and options.quality == "fast":
        return (Applied("hotwords", asked, "", GREEDY_IS_DEAF),)
    lost = {word for word, _ in unknown}
    used = listed([word for word in options.hotwords if word not in lost])
    return (Applied("hotwords", asked, used), *(unusable(word, letters) for word, letters in unknown))


def punctuation_line(options: RecognitionOptions, applied: str) -> Applied:
    """Name what places marks where the model writes none."""
    return (
        Applied("punctuation", "on", applied) if options.punctuation else Applied("punctuation", "off", "off")
    )


def switch_line(name: str, *, is_on: bool) -> Applied:
    asked = "on" if is_on else "off"
    return Applied(name, asked, asked)


def listed(hotwords: Sequence[Hotword]) -> str:
    shown = ", ".join(map(str, hotwords[:MOST_SHOWN]))
    return shown if len(hotwords) <= MOST_SHOWN else f"{shown} ... ({len(hotwords)})"
