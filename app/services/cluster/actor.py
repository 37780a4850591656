"""The inference actor from the inside: one engine on some node of the cluster. Ray starts it, and again after a crash.

It refuses to work for a server whose installation differs from the node's: the texts would depend on the node.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import psutil

from app.domain.errors.inference import NodeDiffers
from app.engine import EngineSpec, Utterance
from app.engine.process.child import EngineHost
from app.engine.process.messages import Answer, ClearCache, HearVoices, Ready, Refused, Transcribe
from app.services.cluster.fingerprint import Fingerprint, fingerprint_of
from app.services.cluster.log_lines import LogLine, collecting

WATCH = "watch"
"""The concurrency group of what is answered while the engine computes."""


@dataclass(frozen=True, slots=True)
class ActorStart:
    """Where an actor runs, and whether its engine is loaded."""

    node_id: str
    pid: int
    answer: Ready | Refused


@dataclass(frozen=True, slots=True)
class ActorReport:
    """How an actor fares."""

    pid: int
    rss_bytes: int
    clock: float
    """Seconds since the epoch, on the node's clock."""
    lines: tuple[LogLine, ...]


class InferenceActor:
    """Answers the requests of one server, one after the other; reports are answered in between."""

    def __init__(self, spec: EngineSpec, expected: Fingerprint) -> None:
        """Take a place on a node; `started` loads the engine."""
        self._log = collecting()
        self._host: EngineHost | None = None
        self._spec = spec
        self._expected = expected

    def place(self) -> str:
        """Return the id of the node."""
        import ray

        return str(ray.get_runtime_context().get_node_id())

    def started(self) -> ActorStart:
        """Load the engine, unless this installation differs from the expected one."""
        return ActorStart(self.place(), os.getpid(), self._opened())

    def report(self) -> ActorReport:
        return ActorReport(os.getpid(), psutil.Process().memory_info().rss, time.time(), self._log.take())

    def transcribe(self, utterances: Sequence[Utterance]) -> Answer:
        """Recognise the utterances, which Ray has put into shared memory: engines want arrays of their own."""
        own = tuple(replace(each, waveform=np.array(each.waveform)) for each in utterances)
        return self._answer(Transcribe(0, own))

    def hear(self, request: HearVoices) -> Answer:
        own = tuple(np.array(waveform) for waveform in request.waveforms)
        return self._answer(replace(request, waveforms=own))

    def clear_cache(self) -> Answer:
        return self._answer(ClearCache())

    def _opened(self) -> Ready | Refused:
        if differences := self._expected.differences(fingerprint_of(self._spec)):
            return Refused(NodeDiffers(differences=differences), "")
        if self._host is None:  # Ray may ask twice for what got lost on its way
            self._host = EngineHost(self._spec)
        return self._host.first_answer

    def _answer(self, request: Transcribe | HearVoices | ClearCache) -> Answer:
        assert self._host is not None  # noqa: S101 - nobody asks an actor that has refused
        return self._host.answer(request)
