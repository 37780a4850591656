"""Which values a row takes when its job ends or waits again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from app.domain.states import JobState
from app.domain.transcript import NO_SPEECH, NOT_UNDERSTOOD, join_texts
from app.store.database import Row

UNSURE = "unsure"  # how the engine calls a text that it withholds


def ended(state: JobState, segments: Sequence[Row]) -> Row:
    """The values of a job that ends with what is done of `segments`."""
    return {
        "state": state,
        "stage": "finished",
        "worker": None,
        "finished_at": datetime.now(UTC),
        "text": join_texts(row["text"] for row in segments),
        "text_raw": join_texts(row["text_raw"] for row in segments),
    }


def cancelled(segments: Sequence[Row]) -> Row:
    """The values of a job that ends because a person wanted so."""
    return ended(JobState.CANCELLED, segments) | {"cancel_requested": True}


def given_back() -> Row:
    """The values of a job that waits at its old place, because its worker has ended."""
    return {"state": JobState.QUEUED, "stage": "queued", "worker": None}


def tried_again() -> Row:
    """The values of a job that a person wants to be done after all."""
    return given_back() | {
        "started_at": None,
        "finished_at": None,
        "cancel_requested": False,
        "error": None,
    }


def why_without_text(segments: Sequence[Row]) -> str:
    """Return the warning for a recording that ended without any text."""
    return NOT_UNDERSTOOD if any(row["dropped"] == UNSURE for row in segments) else NO_SPEECH
