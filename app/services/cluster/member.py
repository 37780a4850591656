"""One actor of a pool, as the server sees it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from app.engine import EngineInfo
from app.services.cluster.actor import ActorReport


class MemberState(StrEnum):
    STARTING = "starting"
    """Ray looks for a place, or the engine is being loaded."""
    FREE = "free"
    BUSY = "busy"
    DRAINING = "draining"
    """It finishes its batch, and then ends."""


@dataclass(slots=True, eq=False)
class Member:
    """The pool's lock guards its fields."""

    number: int
    name: str
    actor: Any
    """Ray's handle."""
    placed: Any
    """Ray's reference to the id of its node."""
    started: Any
    """Ray's reference to its ActorStart."""
    state: MemberState = MemberState.STARTING
    node_id: str = ""
    """Empty while Ray looks for a place."""
    node: str = ""
    """Name of its node."""
    pid: int = 0
    killed_pid: int = 0
    """The process that has been killed, and may still answer."""
    info: EngineInfo | None = None
    since: float = field(default_factory=time.monotonic)
    """When it entered its state."""
    has_answered: bool = False
    segments: int = 0
    """Recognised so far."""
    report: ActorReport | None = None
    report_asked: Any = None
    """Ray's reference to the report that is on its way."""
    asked_at: float = 0.0
    """When that was asked for, in seconds since the epoch."""
    clock_ahead: float | None = None
    """Seconds by which its node's clock is ahead of ours, at least."""

    @property
    def is_ready(self) -> bool:
        return self.state in (MemberState.FREE, MemberState.BUSY)

    def become(self, state: MemberState) -> None:
        self.state = state
        self.since = time.monotonic()

    def note(self, report: ActorReport) -> None:
        """Keep a report, and how its clock differs from what is possible between question and answer."""
        self.report = report
        early, late = report.clock - self.asked_at, report.clock - time.time()
        self.clock_ahead = early if early < 0 else max(0.0, late)

    def await_restart(self) -> None:
        """Wait until Ray has started it again, on this node or another."""
        self.has_answered = False
        self.info = None
        self.report_asked = None
        self.node_id = self.node = ""
        self.placed, self.started = asked_for_start(self.actor)
        self.become(MemberState.STARTING)


def asked_for_start(actor: Any) -> tuple[Any, Any]:
    """Return references to where the actor is and that it has started, however often Ray has to try."""
    return tuple(each.options(max_task_retries=-1).remote() for each in (actor.place, actor.started))
