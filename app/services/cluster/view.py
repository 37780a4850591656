"""The cluster as a person sees it: its nodes, its actors, what runs where, and what it costs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal

from app.domain.errors.base import Problem
from app.services.cluster.connection import Cluster, Node
from app.services.cluster.member import Member
from app.services.cluster.tally import NodeTotals


@dataclass(frozen=True, slots=True)
class ActorView:
    name: str
    node: str
    """Empty while Ray looks for a place."""
    state: Literal["starting", "free", "busy", "draining"]
    seconds: float
    """In this state."""
    model: str
    device: str
    segments: int
    rss_bytes: int | None


@dataclass(frozen=True, slots=True)
class NodeView:
    name: str
    address: str
    state: Literal["ready", "draining", "refused", "gone"]
    reason: str
    """How a refused node differs from the server."""
    cpus: float
    gpus: float
    memory_bytes: int
    actors: int
    segments: int
    speech_seconds: float
    computing_seconds: float
    clock_ahead_seconds: float | None


@dataclass(frozen=True, slots=True)
class ClusterView:
    address: str
    problem: Problem | None
    """Why nothing can be recognised, or less than wanted: that the cluster cannot be reached, or has no room."""
    nodes: tuple[NodeView, ...]
    actors: tuple[ActorView, ...]
    waiting: int
    """Segments that wait for a free actor."""
    speech_hours_per_hour: float
    computing_share: float | None
    """Seconds that an actor computes for a second of speech."""


def view_of(cluster: Cluster) -> ClusterView:
    """Return what is known; of a cluster that is not connected, the reason."""
    members = [member for pool in cluster.pools for member in list(pool.crew.members)]
    refused = {id: reason for pool in cluster.pools for id, reason in pool.crew.refused_nodes.items()}
    return ClusterView(
        address=cluster.address,
        problem=problem_of(cluster),
        nodes=_nodes(cluster, members, refused),
        actors=tuple(_actor(member) for member in members),
        waiting=sum(pool.waiting for pool in cluster.pools),
        speech_hours_per_hour=round(cluster.tally.speech_hours_per_hour(), 2),
        computing_share=cluster.tally.computing_share(),
    )


def problem_of(cluster: Cluster) -> Problem | None:
    """Return why nothing can be recognised, or less than wanted."""
    crews = [pool.crew for pool in cluster.pools]
    found = [crew.problem for crew in crews] + [crew.shortage for crew in crews]
    return next(filter(None, found), None)


def _nodes(cluster: Cluster, members: list[Member], refused: dict[str, str]) -> tuple[NodeView, ...]:
    totals = cluster.tally.totals()
    nodes = cluster.nodes() if cluster.is_connected else ()
    present = tuple(_node(node, members, refused, totals.get(node.name, NodeTotals())) for node in nodes)
    names = {node.name for node in nodes}
    left = tuple(_gone(name, each) for name, each in totals.items() if name not in names)
    return tuple(sorted(present, key=lambda node: node.name)) + left


def _node(node: Node, members: list[Member], refused: dict[str, str], totals: NodeTotals) -> NodeView:
    own = [member for member in members if member.node_id == node.id]
    state: Literal["ready", "draining", "refused"] = "draining" if node.is_draining else "ready"
    return NodeView(
        name=node.name,
        address=node.address,
        state="refused" if node.id in refused else state,
        reason=refused.get(node.id, ""),
        cpus=node.cpus,
        gpus=node.gpus,
        memory_bytes=node.memory_bytes,
        actors=len(own),
        segments=totals.segments,
        speech_seconds=totals.speech_seconds,
        computing_seconds=totals.computing_seconds,
        clock_ahead_seconds=next((each.clock_ahead for each in own if each.clock_ahead is not None), None),
    )


def _gone(name: str, totals: NodeTotals) -> NodeView:
    counted = (totals.segments, totals.speech_seconds, totals.computing_seconds)
    return NodeView(name, "", "gone", "", 0.0, 0.0, 0, 0, *counted, None)


def _actor(member: Member) -> ActorView:
    return ActorView(
        name=member.name,
        node=member.node,
        state=member.state.value,
        seconds=round(time.monotonic() - member.since, 1),
        model=member.info.model if member.info else "",
        device=member.info.device if member.info else "",
        segments=member.segments,
        rss_bytes=member.report.rss_bytes if member.report else None,
    )
