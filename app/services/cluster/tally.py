"""What each node of a cluster has recognised since the server started."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from dataclasses import dataclass
from threading import Lock

from app import metrics

WINDOW_SECONDS = 600.0  # over which the throughput is told


@dataclass(slots=True)
class NodeTotals:
    segments: int = 0
    speech_seconds: float = 0.0
    computing_seconds: float = 0.0
    """That its actors were busy."""


class Tally:
    """Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._totals: defaultdict[str, NodeTotals] = defaultdict(NodeTotals)
        self._recent: deque[tuple[float, float]] = deque()
        self._since = time.monotonic()

    def note(self, node: str, segments: int, speech_seconds: float, computing_seconds: float) -> None:
        """Count a batch."""
        with self._lock:
            totals = self._totals[node]
            totals.segments += segments
            totals.speech_seconds += speech_seconds
            totals.computing_seconds += computing_seconds
            self._recent.append((time.monotonic(), speech_seconds))
        metrics.cluster_segments.labels(node).inc(segments)
        metrics.cluster_speech_seconds.labels(node).inc(speech_seconds)
        metrics.cluster_computing_seconds.labels(node).inc(computing_seconds)

    def totals(self) -> dict[str, NodeTotals]:
        """Return the totals by the name of the node, also of nodes that have left."""
        with self._lock:
            return dict(self._totals)

    def speech_hours_per_hour(self) -> float:
        """Return how many hours of speech are recognised in an hour, by the last ten minutes."""
        now = time.monotonic()
        with self._lock:
            while self._recent and now - self._recent[0][0] > WINDOW_SECONDS:
                self._recent.popleft()
            seconds = max(1.0, min(now - self._since, WINDOW_SECONDS))
            return sum(speech for _, speech in self._recent) / seconds

    def computing_share(self) -> float | None:
        """Return the seconds that an actor computes for a second of speech; None before the first."""
        with self._lock:
            speech = sum(totals.speech_seconds for totals in self._totals.values())
            computing = sum(totals.computing_seconds for totals in self._totals.values())
        return computing / speech if speech else None
