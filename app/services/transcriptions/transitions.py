"""The values of a row when its job ends or is queued again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from app.domain.errors.base import Problem
from app.domain.errors.inference import SegmentsFailed
from app.domain.reasons import why_without_text
from app.domain.states import JobState, SegmentState
from app.domain.transcript import detect_language, join_texts
from app.store.database import Row


def finished(transcription: Row, segments: Sequence[Row]) -> Row:
    """The values of a job whose segments have all been tried; it failed if any of them did."""
    problem = _failure(segments)
    values = ended(JobState.FAILED if problem else JobState.SUCCEEDED, segments)
    values |= {"cancel_requested": False, "error": problem and problem.to_dict()}
    values["language"] = detect_language(values["text_raw"], transcription["options"]["language"])
    if not (values["text"] or problem):
        reason = why_without_text(row["dropped"] for row in segments)
        values["warnings"] = [*transcription["warnings"], reason.to_dict()]
    return values


def failed(problem: Problem, segments: Sequence[Row]) -> Row:
    """The values of a job that cannot continue."""
    return ended(JobState.FAILED, segments) | {"error": problem.to_dict()}


def cancelled(segments: Sequence[Row]) -> Row:
    """The values of a job that was cancelled by a person."""
    return ended(JobState.CANCELLED, segments) | {"cancel_requested": True}


def ended(state: JobState, segments: Sequence[Row]) -> Row:
    """The values of a job that ends with the finished part of `segments`."""
    return {
        "state": state,
        "stage": "finished",
        "worker": None,
        "finished_at": datetime.now(UTC),
        "text": join_texts(row["text"] for row in segments),
        "text_raw": join_texts(row["text_raw"] for row in segments),
    }


def requeued() -> Row:
    """The values of a job put back in its old place because its worker has ended."""
    return {"state": JobState.QUEUED, "stage": "queued", "worker": None}


def retried() -> Row:
    """The values of a job that a person retries."""
    return requeued() | {
        "started_at": None,
        "finished_at": None,
        "cancel_requested": False,
        "error": None,
    }


def _failure(segments: Iterable[Row]) -> Problem | None:
    states = [(row["state"], row["error"]) for row in segments]
    reasons = [error for state, error in states if state == SegmentState.FAILED]
    if not reasons:
        return None
    return SegmentsFailed(failed=len(reasons), total=len(states), reason=reasons[0]).problem
