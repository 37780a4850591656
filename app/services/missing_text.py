"""Why an interval has no text: exactly one reason for every moment of a recording without text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.domain.edits import Edit
from app.domain.errors.base import Problem
from app.domain.speech import Rule, SpeechReport, SpeechSpan
from app.domain.transcription import SegmentRecord
from app.services.vad.texts import Stretch, StretchText, stretch_of

SHORTEST_SECONDS = 0.02  # less is the rounding of frames


class Why(StrEnum):
    """The reasons, in the order in which they apply."""

    TOO_QUIET = "too_quiet"
    NOT_SPEECH = "not_speech"
    TOO_SHORT = "too_short"
    OTHER_SETTINGS = "other_settings"
    """Speech according to the transcription's options, but its segments were made differently (live)."""
    NO_SPEECH = "no_speech"
    """The second detector found no speech."""
    UNSURE = "unsure"
    """The model's text was below the confidence floor."""
    NOTHING_HEARD = "nothing_heard"
    """The model returned no word."""
    FAILED = "failed"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Missing:
    """One interval without text, in seconds."""

    start: float
    end: float
    why: Why
    error: Problem | None = None

    @property
    def seconds(self) -> float:
        return self.end - self.start


def missing_in_transcription(
    segments: Sequence[SegmentRecord], report: SpeechReport, edits: Sequence[Edit] = ()
) -> list[Missing]:
    """Explain everything that no segment with text covers, in time order.

    A manual edit counts as the text of the segment it replaces.
    """
    by_hand = {
        index
        for edit in edits
        if any(piece.text for piece in edit.pieces)
        for index in range(edit.first, edit.last + 1)
    }
    empty = (_of_segment(segment) for segment in segments if not segment.text and segment.index not in by_hand)
    return _in_order([*empty, *_outside(segments, report)])


def missing_in_report(report: SpeechReport, texts: Mapping[Stretch, StretchText]) -> list[Missing]:
    """Explain what was cut away, and the spans that were recognised without text."""
    dropped = (Missing(each.start, each.end, Why(each.rule)) for each in report.dropped)
    asked = ((span, texts.get(stretch_of(span))) for span in report.spans)
    empty = (_of_text(span, text) for span, text in asked if text and text.state != "waiting" and not text.text)
    return _in_order([*dropped, *empty])


def _in_order(stretches: Iterable[Missing]) -> list[Missing]:
    return sorted((each for each in stretches if each.seconds >= SHORTEST_SECONDS), key=lambda each: each.start)


def _of_segment(segment: SegmentRecord) -> Missing:
    why = {"failed": Why.FAILED, "pending": Why.PENDING}.get(segment.state) or _why_empty(segment.dropped)
    return Missing(segment.start, segment.end, why, segment.error)


def _of_text(span: SpeechSpan, text: StretchText) -> Missing:
    why = Why.FAILED if text.state == "failed" else _why_empty(text.dropped)
    return Missing(span.start, span.end, why, text.error)


def _why_empty(dropped: str) -> Why:
    return {"unsure": Why.UNSURE, "no_speech": Why.NO_SPEECH}.get(dropped, Why.NOTHING_HEARD)


def _outside(segments: Sequence[SegmentRecord], report: SpeechReport) -> Iterator[Missing]:
    """Yield the gaps between the segments, split where the reason changes."""
    labelled = sorted(
        [*((span.start, span.end, Why.OTHER_SETTINGS) for span in report.spans),
         *((each.start, each.end, Why(Rule(each.rule))) for each in report.dropped)]
    )  # fmt: skip
    covered = sorted((segment.start, segment.end) for segment in segments)
    place = 0
    for start, end, why in labelled:
        at = start
        while place < len(covered) and covered[place][1] <= at:
            place += 1
        for first, last in _from(covered, place, end):
            if first > at:
                yield Missing(at, first, why)
            at = max(at, last)
        if at < end:
            yield Missing(at, end, why)


def _from(covered: list[tuple[float, float]], place: int, end: float) -> Iterator[tuple[float, float]]:
    while place < len(covered) and covered[place][0] < end:
        yield covered[place]
        place += 1
