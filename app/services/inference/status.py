"""Results and status of the inference process; process.py keeps it alive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from app.domain.errors.base import Problem
from app.domain.transcript import Applied
from app.engine import EngineInfo, Hypothesis


class Stopped(Exception):
    """Inference was stopped while a caller waited for its result."""


@dataclass(frozen=True, slots=True)
class InferenceStatus:
    """Status of the inference process."""

    state: Literal["stopped", "loading", "ready", "busy", "failed"] = "stopped"
    """`stopped` loads when work arrives; `failed` tries again then."""
    info: EngineInfo | None = None
    """What is loaded; None unless ready or busy."""
    problem: Problem | None = None
    """Why it failed."""
    restarts: int = 0
    """Unexpected exits since the server started."""
    last_restart_reason: Problem | None = None
    rss_bytes: int | None = None
    """Its current memory."""


@dataclass(frozen=True, slots=True)
class Recognition:
    """The result of one request, and which model produced it."""

    hypotheses: tuple[Hypothesis, ...]
    """One for each utterance, in order."""
    receipts: tuple[tuple[Applied, ...], ...]
    """How the options were applied, for each utterance."""
    info: EngineInfo
