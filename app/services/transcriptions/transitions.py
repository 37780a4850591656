"""The values of a row when its job ends or is queued again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from app.domain.errors.base import Problem
from app.domain.errors.inference import SegmentsFailed
from app.domain.reasons import why_without_text
from app.domain.states import JobState, SegmentState
from app.domain.transcript import detect_language, join_texts
from app.services.speakers.labelling import failure_line
from app.store.database import Row


def finished(transcription: Row, segments: Sequence[Row]) -> Row:
    """The values of a job whose segments have all been tried; it failed if any of them did."""
    problem = _failure(segments)
    values = ended(JobState.FAILED if problem else JobState.SUCCEEDED, segments)
    values |= {"cancel_requested": False, "error": problem and problem.to_dict()}
    if transcription["earlier_end"]:
        return values | _earlier(transcription)
    values["language"] = detect_language(values["text_raw"], transcription["options"]["language"])
    if not (values["text"] or problem):
        reason = why_without_text(row["dropped"] for row in segments)
        values["warnings"] = [*transcription["warnings"], reason.to_dict()]
    return values


def failed(transcription: Row, problem: Problem, segments: Sequence[Row]) -> Row:
    """The values of a job that cannot continue; if only its speakers were asked for, it is as it was before."""
    values = ended(JobState.FAILED, segments) | {"error": problem.to_dict()}
    if transcription["earlier_end"]:
        return values | _earlier(transcription) | {"receipt": _without_speakers(transcription, problem)}
    return values


def cancelled(segments: Sequence[Row], transcription: Row | None = None) -> Row:
    """The values of a job that was cancelled by a person; if only its speakers were asked for, it is as it was before."""
    values = ended(JobState.CANCELLED, segments) | {"cancel_requested": True}
    return values | _earlier(transcription) if transcription and transcription["earlier_end"] else values


def ended(state: JobState, segments: Sequence[Row]) -> Row:
    """The values of a job that ends with the finished part of `segments`."""
    return {
        "state": state,
        "stage": "finished",
        "worker": None,
        "waits_for": None,
        "finished_at": datetime.now(UTC),
        "text": join_texts(row["text"] for row in segments),
        "text_raw": join_texts(row["text_raw"] for row in segments),
    }


def requeued() -> Row:
    """The values of a job put back in its old place because its worker has ended."""
    return {"state": JobState.QUEUED, "stage": "queued", "worker": None, "waits_for": None}


def retried() -> Row:
    """The values of a job that a person retries."""
    return requeued() | {
        "started_at": None,
        "finished_at": None,
        "cancel_requested": False,
        "error": None,
        "earlier_end": None,
    }


def relabelled(transcription: Row) -> Row:
    """The values of an ended job that is queued again for its speakers alone."""
    started, finished = (
        moment and moment.isoformat() for moment in map(transcription.get, ("started_at", "finished_at"))
    )
    earlier = {
        "state": transcription["state"],
        "error": transcription["error"],
        "started": started,
        "finished": finished,
    }
    return retried() | {"earlier_end": transcription["earlier_end"] or earlier}


def _earlier(transcription: Row) -> Row:
    """The values with which the job had ended."""
    earlier = transcription["earlier_end"]
    started, finished = (earlier[name] and datetime.fromisoformat(earlier[name]) for name in ("started", "finished"))
    return {
        "state": earlier["state"],
        "error": earlier["error"],
        "cancel_requested": earlier["state"] == JobState.CANCELLED,
        "started_at": started,
        "finished_at": finished,
    }


def _without_speakers(transcription: Row, problem: Problem) -> list[Row]:
    """The receipt of a job that broke off before its speakers were told apart."""
    line = failure_line(transcription["options"]["speakers"], problem)
    return [*(each for each in transcription["receipt"] if each["name"] != line.name), line.to_dict()]


def _failure(segments: Iterable[Row]) -> Problem | None:
    states = [(row["state"], row["error"]) for row in segments]
    reasons = [error for state, error in states if state == SegmentState.FAILED]
    if not reasons:
        return None
    return SegmentsFailed(failed=len(reasons), total=len(states), reason=reasons[0]).problem
