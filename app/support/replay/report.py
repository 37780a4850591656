"""Formats the outcome of a replay for people and for programs. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from app.support.replay.comparison import SegmentComparison
from app.support.replay.replay import Replayed
from app.support.replay.speakers import SpeakersComparison

COLUMNS_OF_NAMES = 14


def as_dict(replayed: Replayed) -> dict[str, Any]:
    comparison = replayed.comparison
    return {
        "case": replayed.case.name,
        "job": replayed.job,
        "verdict": replayed.verdict.value,
        "reason": replayed.reason,
        "error": {
            "recorded": replayed.recorded_error,
            "now": replayed.error,
            "is_same": replayed.recorded_error == replayed.error or comparison.has_same_errors,
        },
        "cer": _rounded(comparison.cer),
        "timing_seconds": _rounded(comparison.timing_seconds),
        "speakers": _speakers(replayed.speakers),
        "differences": [
            {"name": each.name, "recorded": each.recorded, "here": each.here} for each in replayed.differences
        ],
        "speech_found_elsewhere": [[round(start, 3), round(end, 3)] for start, end in replayed.plan_differs],
        "segments": [_segment(each) for each in comparison.segments],
    }


def as_text(replayed: Replayed) -> str:
    return "\n".join(_lines(replayed))


def _lines(replayed: Replayed) -> Iterator[str]:
    comparison = replayed.comparison
    told = replayed.verdict.value.replace("_", " ").upper()
    yield f"{replayed.case.name} (job {replayed.job}): {told}{f' - {replayed.reason}' if replayed.reason else ''}"
    if replayed.recorded_error or replayed.error:
        yield _row("error", f"recorded {replayed.recorded_error or 'none'}, here {replayed.error or 'none'}")
    if comparison.cer is not None:
        same = sum(each.is_same for each in comparison.segments)
        yield _row(
            "text",
            f"CER between the runs {comparison.cer:.2%}; {same} of {len(comparison.segments)} segments equal",
        )
    if comparison.timing_seconds is not None:
        yield _row("word times", f"differ by {comparison.timing_seconds * 1000:.0f} ms at most")
    if (speakers := replayed.speakers) is not None:
        told = f"recorded {speakers.recorded}, here {speakers.here}; {speakers.differing:.1%} of the time differs"
        yield _row("speakers", told)
    for difference in replayed.differences:
        yield _row(difference.name, f"recorded {difference.recorded}, here {difference.here}")
    if replayed.plan_differs:
        stretches = ", ".join(f"{start:.2f}-{end:.2f} s" for start, end in replayed.plan_differs)
        yield _row("speech found", f"not at the same places: {stretches}")
    for segment in comparison.segments:
        if not segment.is_same:
            yield from _segment_lines(segment)


def _segment_lines(segment: SegmentComparison) -> Iterator[str]:
    yield f"  segment {segment.index} ({segment.start:.2f}-{segment.end:.2f} s)"
    if segment.recorded_error or segment.error:
        yield f"    error  recorded {segment.recorded_error or 'none'}, here {segment.error or 'none'}"
    if segment.diff:
        yield f"    - {''.join(_marked(old, kind, 'delete') for old, _, kind in segment.diff)}"
        yield f"    + {''.join(_marked(new, kind, 'insert') for _, new, kind in segment.diff)}"


def _marked(text: str, kind: str, own: str) -> str:
    return f"[{text}]" if text and kind in (own, "replace") else text


def _row(name: str, told: str) -> str:
    return f"  {name:<{COLUMNS_OF_NAMES}} {told}"


def _segment(segment: SegmentComparison) -> dict[str, Any]:
    return {
        "index": segment.index,
        "start": segment.start,
        "end": segment.end,
        "is_same": segment.is_same,
        "recorded": segment.recorded,
        "now": segment.now,
        "recorded_error": segment.recorded_error,
        "error": segment.error,
        "cer": _rounded(segment.distance / segment.characters) if segment.characters else None,
        "confidence": {"recorded": segment.confidence[0], "now": segment.confidence[1]},
        "timing_seconds": _rounded(segment.timing_seconds),
        "diff": [{"recorded": old, "now": new, "kind": kind} for old, new, kind in segment.diff],
    }


def _speakers(found: SpeakersComparison | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {"recorded": found.recorded, "here": found.here, "differing": _rounded(found.differing)}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
