"""What the inference process answers, and how it is; process.py keeps it alive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from app.domain.errors.base import Problem
from app.domain.transcript import Applied
from app.engine import EngineInfo, Hypothesis


class Stopped(Exception):
    """The inference was stopped while somebody waited for its answer."""


@dataclass(frozen=True, slots=True)
class InferenceStatus:
    """How the inference process is."""

    state: Literal["stopped", "loading", "ready", "busy", "failed"] = "stopped"
    """`stopped` loads by itself when work comes; `failed` tries again then."""
    info: EngineInfo | None = None
    """What is loaded; None unless ready or busy."""
    problem: Problem | None = None
    """Why it failed."""
    restarts: int = 0
    """Deaths that nobody asked for, since the server started."""
    last_restart_reason: Problem | None = None
    rss_bytes: int | None = None
    """Its memory now."""


@dataclass(frozen=True, slots=True)
class Recognition:
    """The answer to one request, and what gave it."""

    hypotheses: tuple[Hypothesis, ...]
    """One for each utterance, in order."""
    receipts: tuple[tuple[Applied, ...], ...]
    """What became of the options of each."""
    info: EngineInfo
