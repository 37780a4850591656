"""The actors of one pool: who is there, who is free, what became of the others."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import replace
from itertools import count
from threading import Condition

from app import metrics
from app.domain.errors.base import AppError, Problem
from app.domain.errors.inference import InferenceUnavailable, NodeDiffers
from app.engine import EngineInfo, EngineSpec
from app.engine.process.messages import Refused
from app.logging import event
from app.services.cluster.actor import ActorStart
from app.services.cluster.connection import Cluster, Share
from app.services.cluster.fingerprint import Fingerprint, fingerprint_of
from app.services.cluster.log_lines import log_again
from app.services.cluster.member import Member, MemberState, asked_for_start
from app.services.cluster.room import shortage_of
from app.services.inference.answers import log_differences
from app.services.inference.status import Stopped

NEVER_RAN = "The actor never ran"  # which Ray adds behind the reason
FAILED_STARTS = 3  # in a row, before whoever waits gets an error
REPORT_SECONDS = 3.0  # between reports of an actor
ANSWER_SECONDS = 0.3  # longest wait for actors that start
ROOM_SECONDS = 5.0  # that an actor may be without a place before that is told

_log = logging.getLogger(__name__)


class Crew:
    """Thread-safe. `changed` is notified whenever an actor gets ready, free or lost."""

    def __init__(
        self, cluster: Cluster, share: Share, fingerprint: Callable[[EngineSpec], Fingerprint] = fingerprint_of
    ) -> None:
        self.changed = Condition()
        self.members: list[Member] = []
        self.problem: Problem | None = None
        """Why no actor can start; None while that may still succeed."""
        self.restarts = 0
        self.last_restart_reason: Problem | None = None
        self.shortage: Problem | None = None
        """What the cluster lacks for actors that have found no place on any node."""
        self.refused_nodes: dict[str, str] = {}
        """By the id of the node: how its installation differs."""
        self._cluster = cluster
        self._share = share
        self._fingerprint = fingerprint
        self._name = secrets.token_hex(3)
        self._numbers = count(1)
        self._failed_starts = 0
        self._reports_at = 0.0

    @property
    def ready(self) -> list[Member]:
        with self.changed:
            return [member for member in self.members if member.is_ready]

    @property
    def info(self) -> EngineInfo | None:
        """What is loaded; None unless an actor is ready."""
        with self.changed:
            return next((member.info for member in self.members if member.is_ready), None)

    # Coming

    def hire(self, spec: EngineSpec) -> None:
        """Start another actor."""
        number = next(self._numbers)
        name = f"{spec.model_dir.name}-{self._name}-{number}"
        arguments = (_spec_on_node(spec, self._share), self._fingerprint(spec))
        actor = self._cluster.start_actor(name, self._share, arguments, self.refused_nodes)
        with self.changed:
            self.members.append(Member(number, name, actor, *asked_for_start(actor)))
        event(_log, logging.INFO, "actor_started", actor=name)
        metrics.inference_starts.inc()

    def welcome(self) -> bool:
        """Wait a moment for actors that start; return whether one did or failed to."""
        with self.changed:
            starting = {member.started: member for member in self.members if member.state == MemberState.STARTING}
        if not starting:
            return False
        done, _ = self._cluster.ray.wait(list(starting), num_returns=len(starting), timeout=ANSWER_SECONDS)
        for reference in done:
            self._welcome(starting[reference])
        return bool(done)

    def _welcome(self, member: Member) -> None:
        try:
            start: ActorStart = self._cluster.ray.get(member.started)
        except Exception as error:  # noqa: BLE001 - whatever Ray says
            self._note_failed_start(member, error)
            return
        if start.pid == member.killed_pid:
            with self.changed:
                member.placed, member.started = asked_for_start(member.actor)
            return
        node = self._node_name(start.node_id)
        if isinstance(start.answer, Refused):
            self._refuse(member, start.node_id, node, start.answer)
            return
        info = start.answer.info
        with self.changed:
            self._failed_starts = 0
            member.node_id, member.node, member.pid, member.info = start.node_id, node, start.pid, info
            member.become(MemberState.FREE)
            self.changed.notify_all()
        event(_log, logging.INFO, "actor_ready", actor=member.name, node=node, device=info.device)
        log_differences(info)

    def _node_name(self, id: str) -> str:
        return next((node.name for node in self._cluster.nodes() if node.id == id), id[:8])

    def _note_failed_start(self, member: Member, error: Exception) -> None:
        lines = [line for line in str(error).splitlines() if line.strip() and not line.startswith(NEVER_RAN)]
        reason = lines[-1] if lines else type(error).__name__  # the traceback of the node ends with it
        event(_log, logging.ERROR, "actor_failed", actor=member.name, reason=reason)
        self.dismiss(member)
        self._failed_starts += 1
        if self._failed_starts >= FAILED_STARTS:
            self._failed_starts = 0
            self._give_up(InferenceUnavailable(reason=reason).problem)

    def _refuse(self, member: Member, node_id: str, node: str, refused: Refused) -> None:
        error = refused.error
        event(_log, logging.ERROR, "actor_refused", actor=member.name, node=node, reason=error)
        self.dismiss(member)
        if not isinstance(error, NodeDiffers):
            self._give_up(error.problem)
            return
        self.refused_nodes[node_id] = str(error.params["differences"])
        if all(each.id in self.refused_nodes for each in self._cluster.nodes() if self._fits(each.cpus, each.gpus)):
            self._give_up(error.problem)

    def _fits(self, cpus: float, gpus: float) -> bool:
        return cpus >= self._share.cpus and gpus >= self._share.gpus

    def _give_up(self, problem: Problem) -> None:
        for member in [each for each in self.members if each.state == MemberState.STARTING]:
            self.dismiss(member)
        with self.changed:
            self.problem = problem
            self.changed.notify_all()

    def look_for_new_nodes(self) -> None:
        """Try again once there is a node that was not refused yet; give up when the last of them has gone."""
        if not self.refused_nodes:
            return
        nodes = [node.id for node in self._cluster.nodes() if self._fits(node.cpus, node.gpus)]
        refused = [self.refused_nodes[id] for id in nodes if id in self.refused_nodes]
        if self.problem and self.problem.code == NodeDiffers.code:
            if len(refused) < len(nodes):
                self.problem = None
        elif refused and len(refused) == len(nodes) and self._searching():
            self._give_up(NodeDiffers(differences=refused[-1]).problem)

    def _searching(self) -> list[Member]:
        """Return the actors that have no place yet."""
        with self.changed:
            return [each for each in self.members if each.state == MemberState.STARTING and not each.node_id]

    def look_for_room(self) -> None:
        """Note which actors have got a place, and why others have none."""
        searching = self._searching()
        for member in searching:
            self._note_place(member)
        waits = [each for each in searching if not each.node_id and time.monotonic() - each.since > ROOM_SECONDS]
        error = shortage_of(self._share, self._cluster.nodes(), self._cluster.free_resources()) if waits else None
        if error and (self.shortage is None or self.shortage.code != error.code):
            event(_log, logging.WARNING, "actor_without_place", actor=waits[0].name, reason=error)
        if self.shortage and not waits:
            event(_log, logging.INFO, "actors_have_places")
        self.shortage = error.problem if error else None

    def _note_place(self, member: Member) -> None:
        if self._cluster.ray.wait([member.placed], timeout=0)[0]:
            with suppress(Exception):  # the same reason is told by its start
                member.node_id = self._cluster.ray.get(member.placed)
                member.node = self._node_name(member.node_id)

    # Working

    def take(self, is_stopping: Callable[[], bool]) -> Member:
        """Wait for a free actor and make it busy.

        Raises:
            InferenceUnavailable: none can start.
            Stopped
        """
        with self.changed:
            while True:
                if is_stopping():
                    raise Stopped
                free = [member for member in self.members if member.state == MemberState.FREE]
                if free:
                    free[0].become(MemberState.BUSY)
                    return free[0]
                if self.problem and not any(member.is_ready for member in self.members):
                    raise InferenceUnavailable(reason=self.problem.to_dict())
                self.changed.wait()

    def give_back(self, member: Member) -> None:
        """Make an actor free after its batch; one that is to leave ends now."""
        with self.changed:
            if member.state == MemberState.BUSY:
                member.become(MemberState.FREE)
            self.changed.notify_all()
        if member.state == MemberState.DRAINING:
            self.dismiss(member)

    def lose(self, member: Member, error: AppError, *, is_gone: bool) -> None:
        """Note that an actor was lost. Ray starts it again, unless it `is_gone` for good."""
        event(_log, logging.ERROR, "actor_lost", actor=member.name, node=member.node, reason=error)
        metrics.inference_exits.inc()
        with self.changed:
            self.restarts += 1
            self.last_restart_reason = error.problem
            if not is_gone and member.state == MemberState.BUSY:
                member.await_restart()
                self.changed.notify_all()
                return
        self.dismiss(member)

    # Going

    def dismiss(self, member: Member) -> None:
        """End an actor now."""
        with self.changed:
            if member in self.members:
                self.members.remove(member)
            self.changed.notify_all()
        with suppress(Exception):  # it is gone already, or the cluster is
            self._cluster.ray.kill(member.actor)

    def let_go(self, members: Collection[Member]) -> None:
        """End these actors, those that are busy after their batch."""
        for member in members:
            with self.changed:
                is_busy = member.state == MemberState.BUSY
                if is_busy:
                    member.become(MemberState.DRAINING)
            if not is_busy and member.state != MemberState.DRAINING:
                self.dismiss(member)

    def leave_draining_nodes(self) -> None:
        """Let actors go whose nodes are about to leave the cluster."""
        draining = {node.id for node in self._cluster.nodes() if node.is_draining}
        leaving = [member for member in self.ready if member.node_id in draining]
        for member in leaving:
            event(_log, logging.INFO, "actor_leaves", actor=member.name, node=member.node)
        self.let_go(leaving)

    # Reports

    def collect_reports(self) -> None:
        """Take the reports that have arrived, log what the actors logged, and ask for the next."""
        for member in self.ready:
            if member.report_asked is not None:
                self._collect(member)
        if time.monotonic() - self._reports_at < REPORT_SECONDS:
            return
        self._reports_at = time.monotonic()
        for member in self.ready:
            if member.report_asked is None:
                member.report_asked = member.actor.report.remote()
                member.asked_at = time.time()

    def _collect(self, member: Member) -> None:
        reference = member.report_asked
        if not self._cluster.ray.wait([reference], timeout=0)[0]:
            return
        member.report_asked = None
        with suppress(Exception):  # it was lost meanwhile
            member.note(self._cluster.ray.get(reference))
            if member.report:
                log_again(member.report.lines, node=member.node, actor=member.name)


def _spec_on_node(spec: EngineSpec, share: Share) -> EngineSpec:
    """Return the spec with the threads and the device that the actor has a share of."""
    threads = spec.threads or max(1, int(share.cpus))
    device = "cpu" if spec.device == "auto" and not share.gpus else spec.device
    return replace(spec, threads=threads, device=device)
