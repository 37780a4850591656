"""Checks of the cluster: that it is there, and that its nodes are alike, in time and near."""

from __future__ import annotations

from collections.abc import Iterable

from app.domain.errors.base import N_
from app.domain.errors.inference import ClusterUnreachable
from app.services.cluster.probe import ProbedNode, probe_nodes
from app.services.cluster.view import problem_of
from app.support.doctor.check import Check, Subject, failure, failure_of, ok, warning

MOST_AHEAD_SECONDS = 2.0
LEAST_MB_PER_SECOND = 10.0  # 30 s of sound are 2 MB, and a card reads them in 0.2 s


def room(subject: Subject) -> Iterable[Check]:
    """Report what a server's actors wait for; it knows that without asking anybody."""
    problem = problem_of(subject.cluster) if subject.cluster else None
    if problem:
        yield failure("cluster_actors", problem.message, problem.advice, **problem.params)


def nodes(subject: Subject) -> Iterable[Check]:
    """Ask every node, which takes seconds."""
    if subject.cluster is None:
        return
    try:
        probed = probe_nodes(subject.cluster, subject.spec)
    except ClusterUnreachable as error:
        yield failure_of("cluster", error)
        return
    cores, cards = (round(sum(getattr(each.node, name) for each in probed), 1) for name in ("cpus", "gpus"))
    fact = N_("The cluster has {count} nodes with {cores} cores and {cards} cards.")
    yield ok("cluster", fact, count=len(probed), cores=cores, cards=cards)
    for each in probed:
        yield from _of_node(each)
    if answered := [each.mb_per_second for each in probed if not each.problem]:
        fact = N_("Sound reaches every node that answers with at least {speed} MB/s.")
        yield ok("cluster_bandwidth", fact, speed=round(min(answered), 1))


def _of_node(probed: ProbedNode) -> Iterable[Check]:
    node = probed.node.name
    if probed.problem:
        advice = N_("Look at `ray status` and the logs of the node.")
        yield warning(
            "cluster_node", N_("The node {node} gave no answer: {reason}"), advice, node=node, reason=probed.problem
        )
        return
    if probed.differences:
        yield warning(
            "cluster_versions",
            N_("The node {node} has another installation: {differences}."),
            N_("Install the same version of the program and the same model on every node, then start the node again."),
            node=node,
            differences=probed.differences,
        )
    if abs(probed.clock_ahead) > MOST_AHEAD_SECONDS:
        yield warning(
            "cluster_clock",
            N_("The clock of the node {node} differs by {seconds} s."),
            N_("Let a time service (NTP) set the clocks of all machines."),
            node=node,
            seconds=round(probed.clock_ahead, 1),
        )
    if probed.mb_per_second < LEAST_MB_PER_SECOND:
        yield warning(
            "cluster_bandwidth",
            N_("Sound reaches the node {node} with {speed} MB/s only."),
            N_("Look at the network between this server and the node: actors wait for sound."),
            node=node,
            speed=round(probed.mb_per_second, 1),
        )
