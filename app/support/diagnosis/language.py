"""Was the right language chosen? By the script of the text, and by what the model heard before it was forced."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.domain.errors.base import N_
from app.domain.transcript import SPOKEN
from app.domain.transcription import SegmentRecord
from app.support.diagnosis.finding import Finding, Remedy, Run

FOREIGN_SHARE = 0.6  # of the recognised speech; mixed speech has less
SURE_SHARE = 0.85  # for a text of a few words, where a few errors are a large share
FEW_UNITS = 5
LEAST_SECONDS = 2.0  # of speech needed to judge its language
LEAST_UNITS = 8
OTHER = {"zh": "en", "en": "zh"}
TOLD = {
    "zh": N_("You chose Chinese, but {percent} % of what was heard is English."),
    "en": N_("You chose English, but {percent} % of what was heard is Chinese."),
}
AGAIN = {"en": N_("Recognise again as English"), "zh": N_("Recognise again as Chinese")}


def findings(run: Run) -> Iterator[Finding]:
    yield from _unknown(run)
    asked = run.options.language
    share = heard_as_other(run) if asked in OTHER else None
    enough = FOREIGN_SHARE if len(_units(run.segments)) >= FEW_UNITS else SURE_SHARE
    if share is not None and share > enough:
        yield Finding(
            "wrong_language",
            TOLD[asked],
            N_("Recognise it again in the language that is spoken; 'auto' takes both."),
            {"percent": round(100 * share)},
            {"foreign_share": round(share, 3)},
            Remedy(AGAIN[OTHER[asked]], {"language": OTHER[asked]}),
        )


def heard_as_other(run: Run) -> float | None:
    """Return the share of speech that sounds like, or was written in, the language that was not chosen."""
    measured = [segment for segment in run.segments if segment.foreign_share is not None]
    if measured:
        seconds = sum(segment.seconds for segment in measured)
        if seconds < LEAST_SECONDS:
            return None
        return sum(segment.seconds * (segment.foreign_share or 0.0) for segment in measured) / seconds
    return _written_in_other(run.segments, run.options.language)


def _written_in_other(segments: Sequence[SegmentRecord], language: str) -> float | None:
    """Judge by the script, for models that cannot be forced."""
    letters = [unit for unit in _units(segments) if unit.strip("'").isalpha()]
    if len(letters) < LEAST_UNITS:
        return None
    latin: float = sum(map(str.isascii, letters)) / len(letters)
    return latin if language == "zh" else 1 - latin


def _units(segments: Sequence[SegmentRecord]) -> list[str]:
    return [unit for segment in segments for unit in SPOKEN.findall(segment.text_raw)]


def _unknown(run: Run) -> Iterator[Finding]:
    for line in run.receipt:
        if line.name == "language" and line.reason and line.asked != line.applied:
            yield Finding(
                "language_unknown",
                N_("The model {model} does not know the language that was chosen ({language})."),
                N_("Choose a model that knows it, for example SenseVoiceSmall, on the page of models."),
                {"model": run.model, "language": line.asked},
                remedy=Remedy(N_("Choose another model"), page="/models"),
            )
            return
