"""What became of hotwords and numbers?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from app.domain.errors.base import N_
from app.domain.hotwords import unknown_characters
from app.support.diagnosis.finding import Finding, Remedy, Run

SHOWN = 5  # words listed in a finding
CHINESE_FIGURES = re.compile(r"[零〇一二两三四五六七八九十百千万亿点]{5,}")
ENGLISH_FIGURE = (
    r"(?:zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen"
    r"|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|million)"
)
ENGLISH_FIGURES = re.compile(rf"(?i)\b{ENGLISH_FIGURE}(?:[ -](?:and )?{ENGLISH_FIGURE}){{2,}}\b")


def findings(run: Run) -> Iterator[Finding]:
    yield from _unusable(run)
    yield from _figures(run)


def _unusable(run: Run) -> Iterator[Finding]:
    """Report hotwords that the model cannot write, which is known before recognition."""
    lost = unknown_characters(run.receipt)
    if lost:
        yield Finding(
            "hotword_unknown",
            N_("The model cannot write these hotwords, so they are not listened for: {words}"),
            N_("Write them with characters that it knows, or choose a model with a larger vocabulary."),
            {"words": "; ".join(f"{word} ({letters})" for word, letters in list(lost.items())[:SHOWN])},
            {"hotwords": float(len(lost))},
            Remedy(N_("Choose another model"), page="/models"),
        )
    deaf = next((line for line in run.receipt if line.name == "hotwords" and line.reason and not line.applied), None)
    if deaf is not None and run.options.hotwords:
        yield Finding(
            "hotwords_unused",
            N_("The hotwords were not used: {reason}"),
            N_("Recognise it again with a quality or a model that uses them."),
            {"reason": deaf.reason},
            remedy=Remedy(N_("Recognise again with the best quality"), {"quality": "accurate"})
            if run.options.quality == "fast"
            else None,
        )


def _figures(run: Run) -> Iterator[Finding]:
    """Report numbers that stayed words although digits were requested; idioms have fewer in a row."""
    if not (run.options.itn and run.is_over):
        return
    written = " ".join(segment.text for segment in run.segments)
    left = [match[0] for pattern in (CHINESE_FIGURES, ENGLISH_FIGURES) for match in pattern.finditer(written)]
    has_digits = any(character.isdigit() for character in written)
    if left and not has_digits:
        yield Finding(
            "figures_stayed_words",
            N_("Figures were to be written as digits, but stayed words: {words}"),
            N_(
                "Check in the receipt whether the option was applied; say where it fails, so that the rules can learn it."
            ),
            {"words": "; ".join(left[:SHOWN])},
            {"figures": float(len(left))},
        )
