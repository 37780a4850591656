"""What the doctor wants to know of each node: its installation, its clock, and how fast sound reaches it."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import Any

from app.engine import EngineSpec
from app.services.cluster.connection import NODE_LABEL, Cluster, Node
from app.services.cluster.fingerprint import Fingerprint, fingerprint_of

SENT_BYTES = 16 << 20
MOST_SECONDS = 90.0  # for a node that reads a large model from a slow disk


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """As found on the node."""

    fingerprint: Fingerprint
    clock: float
    """Seconds since the epoch."""
    seconds: float
    """That SENT_BYTES took to arrive."""


@dataclass(frozen=True, slots=True)
class ProbedNode:
    node: Node
    differences: str
    """Of its installation from this one; empty if there are none."""
    clock_ahead: float
    """Seconds by which its clock is ahead of ours, at least."""
    mb_per_second: float
    problem: str = ""
    """Why nothing is known of it."""


def probe_nodes(cluster: Cluster, spec: EngineSpec) -> list[ProbedNode]:
    """Ask every node.

    Raises:
        ClusterUnreachable
    """
    expected = fingerprint_of(spec)
    sent = cluster.ray.put(os.urandom(SENT_BYTES))
    asked = [(node, time.time(), _asked(cluster, node, spec, sent)) for node in cluster.nodes()]
    return [_probed(cluster, node, began, reference, expected) for node, began, reference in asked]


def facts_here(spec: EngineSpec, sent: list[Any]) -> NodeFacts:
    """Run on a node: return its facts. What is sent comes in a list, so that Ray does not fetch it before."""
    import ray

    began = time.monotonic()
    ray.get(sent[0])
    seconds = time.monotonic() - began
    return NodeFacts(fingerprint_of(spec), time.time(), seconds)


def _asked(cluster: Cluster, node: Node, spec: EngineSpec, sent: Any) -> Any:
    task = cluster.ray.remote(facts_here).options(num_cpus=0, max_retries=0, label_selector={NODE_LABEL: node.id})
    return task.remote(spec, [sent])


def _probed(cluster: Cluster, node: Node, began: float, reference: Any, expected: Fingerprint) -> ProbedNode:
    try:
        facts: NodeFacts = cluster.ray.get(reference, timeout=MOST_SECONDS)
    except Exception as error:  # noqa: BLE001 - whatever Ray says
        lines = [line for line in str(error).splitlines() if line.strip()]
        return ProbedNode(node, "", 0.0, 0.0, lines[-1] if lines else type(error).__name__)
    early, late = facts.clock - began, facts.clock - time.time()
    ahead = early if early < 0 else max(0.0, late)
    return ProbedNode(node, expected.differences(facts.fingerprint), ahead, SENT_BYTES / 1e6 / max(facts.seconds, 1e-4))
