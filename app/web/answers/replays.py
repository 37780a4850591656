"""From what a replay has shown to what its address answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.domain.errors.base import N_
from app.web.labels import LABELS
from app.web.schemas.replays import DifferenceAnswer, ReplayAnswer, ReplayProblem, ReplayResult

if TYPE_CHECKING:
    from app.i18n import Translate
    from app.support.replay.runs import ReplayRun

MOST_SEGMENTS = 200
NAMES = {
    **LABELS["option"],
    "program": N_("This program"),
    "model_checksum": N_("Model (checksum)"),
    "device": N_("Device"),
    "dtype": N_("Precision"),
    "threads": N_("CPU threads"),
    "batch_seconds": N_("Seconds computed at once"),
    "allow_device_fallback": N_("CPU instead of an absent device"),
}
"""Beside those of the options. Names of packages are their own labels."""


def replay_answer(run: ReplayRun, translate: Translate) -> ReplayAnswer:
    return ReplayAnswer(
        id=run.id,
        name=run.name,
        changes=dict(run.changes),
        state=run.state,
        started_at=run.started_at,
        finished_at=run.finished_at,
        result=_result(run.found, translate) if run.found else None,
        error=ReplayProblem.model_validate(run.problem.explained(translate)) if run.problem else None,
    )


def _result(found: Mapping[str, Any], translate: Translate) -> ReplayResult:
    segments = found["segments"]
    differing = [each for each in segments if not each["is_same"]]
    return ReplayResult.model_validate(
        {
            **found,
            "reason": translate(found["reason"]) if found["reason"] else "",
            "differences": [_difference(each, translate) for each in found["differences"]],
            "segments_compared": len(segments),
            "segments_same": len(segments) - len(differing),
            "segments": differing[:MOST_SEGMENTS],
        }
    )


def _difference(told: Mapping[str, str], translate: Translate) -> DifferenceAnswer:
    name = told["name"]
    return DifferenceAnswer(label=translate(NAMES[name]) if name in NAMES else name, **told)
