"""Inference by the actors of a cluster: the same role as InferenceProcess, with as many places as actors are ready.

Ray places the actors, starts them again and moves the sound. What is decided here: how many actors there are, which of
them gets the next batch, and what an answer means. A batch whose actor is lost goes back to the scheduler.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

from app.domain.errors.base import AppError, Problem
from app.domain.errors.inference import ClusterUnreachable, InferenceCrashed, InferenceHung, InferenceUnavailable
from app.domain.transcript import Applied
from app.engine import EngineSpec, Utterance
from app.engine.process.messages import Cleared, HearVoices, Transcribed, VoicesHeard
from app.logging import event
from app.services.cluster.connection import NOT_CONNECTED, Cluster, Share
from app.services.cluster.crew import Crew
from app.services.cluster.fingerprint import Fingerprint, fingerprint_of
from app.services.cluster.member import Member, MemberState
from app.services.cluster.scaling import Autoscaler, PoolLimits
from app.services.inference.answers import raise_if_failed, shortage_in
from app.services.inference.role import Demand
from app.services.inference.status import InferenceStatus, Recognition, Stopped

TICK_SECONDS = 0.3
RECONNECT_SECONDS = 5.0
NODES_SECONDS = 2.0  # between looks at which nodes leave
CLEAR_SECONDS = 60.0
FAREWELL_SECONDS = 5.0
TRIES_ALONE = 4  # an actor is lost with its node, too: that is not the segment's fault

_log = logging.getLogger(__name__)


class ActorPool:
    """Inference with the actors of one model. Every method may be called from any thread."""

    tries_alone = TRIES_ALONE

    def __init__(
        self,
        spec: EngineSpec,
        cluster: Cluster,
        share: Share,
        limits: PoolLimits,
        fingerprint: Callable[[EngineSpec], Fingerprint] = fingerprint_of,
    ) -> None:
        self._spec = spec
        self._cluster = cluster
        self._limits = limits
        self._scaler = Autoscaler(limits)
        self.crew = Crew(cluster, share, fingerprint)
        self._demand: Demand | None = None
        self._is_wanted = False
        self._stopping = Event()
        self._keeper: Thread | None = None
        self._used_at = time.monotonic()
        self._nodes_at = 0.0
        self._connection = 0

    # The role; see BatchPool and Inference

    @property
    def spec(self) -> EngineSpec:
        return self._spec

    @property
    def places(self) -> int:
        if ready := len(self.crew.ready):
            return ready
        return 1 if self._is_refused else 0

    @property
    def waits_for(self) -> Problem | None:
        if self.places:
            return None
        return self.crew.problem or self.crew.shortage

    @property
    def kept_places(self) -> int:
        return min(self._limits.kept_for_live, max(0, self.places - 1))

    @property
    def batch_seconds(self) -> float:
        info = self.crew.info
        return info.batch_seconds if info else 0.0

    def serve(self, demand: Demand) -> None:
        self._demand = demand

    def start(self) -> None:
        """Start the least number of actors in the background."""
        self._stopping.clear()
        self._want()
        if self not in self._cluster.pools:
            self._cluster.pools.append(self)
        if self._keeper is None or not self._keeper.is_alive():
            self._keeper = Thread(target=self._keep, name="cluster-keeper", daemon=True)
            self._keeper.start()

    load = start

    def load_now(self) -> None:
        self.start()
        self.crew.give_back(self.crew.take(self._stopping.is_set))

    def stop(self) -> None:
        """End all actors immediately; whoever waits for an answer gets Stopped."""
        self._stopping.set()
        self._is_wanted = False
        self._dismiss_all()
        if self._keeper is not None:
            self._keeper.join(FAREWELL_SECONDS)
        self._dismiss_all()  # one that was just being started
        if self in self._cluster.pools:
            self._cluster.pools.remove(self)

    def unload(self) -> None:
        """End each actor after its current batch; the next request starts new ones."""
        self._is_wanted = False
        self.crew.let_go(list(self.crew.members))
        event(_log, logging.INFO, "inference_unloaded")

    def unload_if_idle(self, seconds: float) -> bool:
        is_idle = self._is_wanted and time.monotonic() - self._used_at >= seconds
        if is_idle and not self.waiting and all(member.state == MemberState.FREE for member in self.crew.ready):
            self.unload()
            return True
        return False

    def clear_cache(self) -> int | None:
        ready = self.crew.ready
        if not ready:
            return None
        references = [member.actor.clear_cache.remote() for member in ready]
        try:
            answers = self._cluster.ray.get(references, timeout=CLEAR_SECONDS)
        except self._cluster.ray.exceptions.GetTimeoutError as error:
            raise InferenceHung(seconds=CLEAR_SECONDS) from error
        except self._cluster.ray.exceptions.RayError as error:
            raise InferenceCrashed(detail=_first_line(error)) from error
        return sum(answer.freed_bytes for answer in answers if isinstance(answer, Cleared))

    def use(self, spec: EngineSpec) -> None:
        """Load another engine. The actors of the old one end first: nodes may not have room for both.

        Raises:
            InferenceUnavailable: it cannot be loaded; the old one is restored.
            Stopped: `stop` was called.
        """
        old, self._spec = self._spec, spec
        self.crew.let_go(list(self.crew.members))
        try:
            self.load_now()
        except InferenceUnavailable:
            self._spec = old
            self.start()
            raise

    def status(self) -> InferenceStatus:
        with self.crew.changed:
            states = {member.state for member in self.crew.members}
            reports = [member.report for member in self.crew.members if member.report]
        is_ready = bool(states & {MemberState.FREE, MemberState.BUSY})
        return InferenceStatus(
            state=self._state(states),
            info=self.crew.info,
            problem=None if is_ready else self.crew.problem or self.crew.shortage,
            restarts=self.crew.restarts,
            last_restart_reason=self.crew.last_restart_reason,
            rss_bytes=sum(report.rss_bytes for report in reports) if is_ready else None,
        )

    def peak_bytes(self) -> int | None:
        return self.status().rss_bytes

    def transcribe(self, utterances: Sequence[Utterance], timeout_seconds: float) -> Recognition:
        """Return one hypothesis per utterance, of the first free actor; see BatchPool.transcribe.

        The sound goes into Ray's shared memory, from where the actor's node takes it.
        """
        began = time.monotonic()
        member, answer = self._asked(
            lambda actor: actor.transcribe.remote(self._cluster.ray.put(tuple(utterances))), timeout_seconds
        )
        raise_if_failed(answer)
        assert isinstance(answer, Transcribed)  # noqa: S101 - the only other answer to `transcribe`
        self._note(member, utterances, time.monotonic() - began)
        info = member.info or self.crew.info
        assert info is not None  # noqa: S101 - it has just answered
        shared = (*info.receipt, Applied("node", member.node, info.device))
        return Recognition(answer.hypotheses, tuple(shared + receipt for receipt in answer.receipts), info)

    def hear(self, request: HearVoices, timeout_seconds: float) -> VoicesHeard:
        _, answer = self._asked(lambda actor: actor.hear.remote(request), timeout_seconds)
        raise_if_failed(answer)
        assert isinstance(answer, VoicesHeard)  # noqa: S101 - the only other answer to `hear`
        return answer

    def _want(self) -> None:
        self.crew.problem = None
        self._is_wanted = True

    # Asking

    def _asked(self, ask: Callable[[Any], Any], timeout_seconds: float) -> tuple[Member, object]:
        """Ask a free actor; if it has worked before and runs out of memory, it is started again and another one asked."""
        if not self.crew.members:
            self._want()
        with self._place() as member:
            answer = self._answer(member, ask, timeout_seconds)
            shortage = shortage_in(answer) if member.has_answered else None
            if shortage is None:
                member.has_answered |= isinstance(answer, Transcribed)
                return member, answer
            self._restart(member, shortage)
        with self._place() as member:
            return member, self._answer(member, ask, timeout_seconds)

    def _note(self, member: Member, utterances: Sequence[Utterance], seconds: float) -> None:
        member.segments += len(utterances)
        sound = sum(utterance.seconds for utterance in utterances)
        self._cluster.tally.note(member.node, len(utterances), sound, seconds)

    @contextmanager
    def _place(self) -> Iterator[Member]:
        member = self.crew.take(self._stopping.is_set)
        try:
            yield member
        finally:
            self._used_at = time.monotonic()
            self.crew.give_back(member)

    def _answer(self, member: Member, ask: Callable[[Any], Any], timeout_seconds: float) -> object:
        """Ask an actor. What its engine raises is part of its answer; what is raised here is the cluster's.

        Raises:
            InferenceCrashed, InferenceHung: the actor was lost.
            Stopped
        """
        try:
            return self._cluster.ray.get(ask(member.actor), timeout=timeout_seconds)
        except Exception as error:
            if self._stopping.is_set():
                raise Stopped from error
            if type(error).__name__ == "GetTimeoutError":
                hung = InferenceHung(seconds=round(timeout_seconds, 1))
                self._restart(member, hung)
                raise hung from error
            crashed = InferenceCrashed(detail=f"{member.node}: {_first_line(error)}")
            self.crew.lose(member, crashed, is_gone=type(error).__name__ != "ActorUnavailableError")
            raise crashed from error

    def _restart(self, member: Member, reason: AppError) -> None:
        self._cluster.ray.kill(member.actor, no_restart=False)
        member.killed_pid = member.pid
        self.crew.lose(member, reason, is_gone=False)

    # Keeping

    def _keep(self) -> None:
        while not self._stopping.wait(TICK_SECONDS):
            try:
                self._tend()
            except ClusterUnreachable as error:
                self._report_unreachable(error)
            except Exception:  # noqa: BLE001 - a bug must not end the thread
                event(_log, logging.ERROR, "cluster_keeper_stumbled", exc_info=True)
                self._stopping.wait(RECONNECT_SECONDS)

    def _report_unreachable(self, error: ClusterUnreachable) -> None:
        if self.crew.problem != error.problem:
            event(_log, logging.ERROR, error.code, reason=error)
        self.crew.problem = error.problem
        self._stopping.wait(RECONNECT_SECONDS)

    def _tend(self) -> None:
        _ = self._cluster.ray  # connects
        if self._connection != self._cluster.connections:
            self._connection = self._cluster.connections
            self._dismiss_all()
        if self._is_unreachable:
            self.crew.problem = None
        self._is_wanted |= bool(self.waiting) and not self._stopping.is_set()
        if self.crew.welcome() and self._demand:
            self._demand.places_changed()
        if time.monotonic() - self._nodes_at > NODES_SECONDS:
            self._nodes_at = time.monotonic()
            self.crew.leave_draining_nodes()
            self.crew.look_for_new_nodes()
            self.crew.look_for_room()
        self.crew.collect_reports()
        if self._is_wanted and self.crew.problem is None:
            self._scale()

    def _scale(self) -> None:
        members = [member for member in self.crew.members if member.state != MemberState.DRAINING]
        are_all_busy = all(member.state == MemberState.BUSY for member in members)
        now = time.monotonic()
        wanted = self._scaler.wanted(now, current=len(members), are_all_busy=are_all_busy, waiting=self.waiting)
        for _ in range(wanted - len(members)):
            if not self._stopping.is_set():
                self.crew.hire(self._spec)
        idle = [member for member in members if member.state == MemberState.FREE]
        longest = min(idle, key=lambda member: member.since, default=None)
        if longest and not self.waiting and self._scaler.may_go(now - longest.since, len(members)):
            event(_log, logging.INFO, "actor_idle", actor=longest.name, node=longest.node)
            self.crew.let_go([longest])

    def _dismiss_all(self) -> None:
        for member in list(self.crew.members):
            self.crew.dismiss(member)
        with self.crew.changed:
            self.crew.changed.notify_all()

    @property
    def waiting(self) -> int:
        """How many segments wait for a free actor."""
        return self._demand.waiting if self._demand else 0

    @property
    def _is_unreachable(self) -> bool:
        return self.crew.problem is not None and self.crew.problem.code in NOT_CONNECTED

    @property
    def _is_refused(self) -> bool:
        return self.crew.problem is not None and not self._is_unreachable

    def _state(self, states: set[MemberState]) -> Any:
        if MemberState.BUSY in states:
            return "busy"
        if MemberState.FREE in states:
            return "ready"
        if self.crew.problem:
            return "failed"
        return "loading" if MemberState.STARTING in states or self._is_wanted else "stopped"


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
