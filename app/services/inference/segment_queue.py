"""The queue of one job's segments for inference: some are submitted ahead, results are taken when done."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Condition
from typing import Protocol

from app.domain.transcript import Applied
from app.engine import EngineInfo, Hypothesis, Utterance
from app.logging import event

RECORDING, PARTIAL, FINAL = 0, 1, 2  # priorities: a final text comes before a partial one
LEAST_AHEAD = 2  # segments of a job submitted ahead: one computing, one ready
BATCHES_AHEAD = 3  # where batching pays: one computing, and enough choice of lengths for the next

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recognised:
    """The text of one segment, and which model produced it."""

    hypothesis: Hypothesis
    receipt: tuple[Applied, ...]
    info: EngineInfo


@dataclass(slots=True, eq=False)
class SegmentRequest:
    """One segment on its way through the inference process."""

    index: int
    """The job's own number for it."""
    utterance: Utterance
    since: float = field(default_factory=time.monotonic)
    """When it was submitted."""
    tries: int = 0
    """Process crashes while it was the only request."""
    is_alone: bool = False
    """A batch containing it failed, so it is sent alone."""
    result: Recognised | Exception | None = None
    """None until it is done."""

    @property
    def seconds(self) -> float:
        return self.utterance.seconds

    def recognised(self) -> Recognised:
        """Return the result of a finished segment, or raise its error."""
        if isinstance(self.result, Exception):
            raise self.result
        assert self.result is not None  # noqa: S101 - only finished requests are returned
        return self.result


class Scheduler(Protocol):
    """The part of the scheduler that a queue uses."""

    changed: Condition

    @property
    def batch_seconds(self) -> float: ...

    @property
    def places(self) -> int: ...

    @property
    def ahead(self) -> tuple[int, float]: ...


@dataclass(slots=True, eq=False)
class SegmentQueue:
    """One job's pending segments, ordered by `index`."""

    job: str
    priority: int
    """Queues of lower priority wait while one of higher priority has segments: live speech precedes recordings."""
    scheduler: Scheduler
    on_done: Callable[[], None] | None = None
    """Called when a segment is done; must not block."""
    is_speaking: bool = False
    """Somebody is speaking and will soon need a result."""
    waiting: deque[SegmentRequest] = field(default_factory=deque)
    in_work: list[SegmentRequest] = field(default_factory=list)
    done: deque[SegmentRequest] = field(default_factory=deque)

    @property
    def has_room(self) -> bool:
        """Return whether more segments would improve batches or keep places busy.

        A job on its own may fill every place; what all jobs together have in memory stays bounded.
        """
        with self.scheduler.changed:
            own = [*self.waiting, *self.in_work]
        batch_seconds, further = self.scheduler.batch_seconds, self.scheduler.places - 1
        if len(own) < LEAST_AHEAD or sum(request.seconds for request in own) < BATCHES_AHEAD * batch_seconds:
            return True
        count, seconds = self.scheduler.ahead
        return count < LEAST_AHEAD + further or seconds < (BATCHES_AHEAD + further) * batch_seconds

    @property
    def is_empty(self) -> bool:
        with self.scheduler.changed:
            return not (self.waiting or self.in_work or self.done)

    def submit(self, index: int, utterance: Utterance) -> None:
        with self.scheduler.changed:
            self.waiting.append(SegmentRequest(index, utterance))
            self.scheduler.changed.notify_all()

    def set_speaking(self, *, is_speaking: bool) -> None:
        """Keep the process from starting long work, or allow it again."""
        with self.scheduler.changed:
            self.is_speaking = is_speaking
            self.scheduler.changed.notify_all()

    def next_result(self, patience_seconds: float) -> SegmentRequest | None:
        """Return a finished segment; None on timeout."""
        with self.scheduler.changed:
            self.scheduler.changed.wait_for(lambda: self.done, patience_seconds)
            return self.done.popleft() if self.done else None

    def requeue(self, request: SegmentRequest, reason: object) -> None:
        """Put a segment back in its place, to be sent alone."""
        event(_log, logging.WARNING, "segment_tried_again", job=self.job, index=request.index, reason=reason)
        request.is_alone = True
        self.waiting = deque(sorted((*self.waiting, request), key=lambda each: each.index))

    def cancel(self, index: int) -> bool:
        """Cancel one segment; return whether it was still waiting."""
        with self.scheduler.changed:
            found = next((request for request in self.waiting if request.index == index), None)
            if found:
                self.waiting.remove(found)
            return found is not None

    def cancel_waiting(self) -> int:
        """Cancel the waiting segments and return their number; those being computed continue."""
        with self.scheduler.changed:
            withdrawn = len(self.waiting)
            self.waiting.clear()
            return withdrawn
