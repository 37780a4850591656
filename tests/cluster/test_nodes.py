"""Nodes that die, and nodes that are about to leave."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from app.domain.errors.inference import InferenceUnavailable, NodeDiffers
from app.domain.states import JobState
from app.services.cluster.scaling import PoolLimits
from tests.cluster.conftest import OBJECT_STORE_BYTES, ClusterHouse, agents, needs_ray
from tests.services.conftest import talk

pytestmark = needs_ray
LEVELS = (0.2, 0.3, 0.4, 0.5, 0.6)
TEXT = "level 2 level 3 level 4 level 5 level 6"
THREE = PoolLimits(least=3, most=3)


@pytest.fixture(name="third")
def _third(machines: Any) -> Iterator[Any]:
    """A node for the time of a test."""
    node = machines.add_node(num_cpus=1, object_store_memory=OBJECT_STORE_BYTES, node_name="three", **agents())
    yield node
    if node in machines.list_all_nodes():
        machines.remove_node(node, allow_graceful=False)


def test_a_node_that_dies_costs_no_segment_and_none_is_finished_twice(
    site: ClusterHouse, machines: Any, third: Any
) -> None:
    site.hold()
    with site.working(THREE) as pool:
        site.house.until(lambda: pool.places == 3)
        id = site.house.submit(talk(*LEVELS)).id
        site.house.until(lambda: len({pid for pid, *_ in site.heard()}) == 3)
        machines.remove_node(third, allow_graceful=False)
        site.let_go()
        record = site.house.end_of(id)

    assert (record.state, record.text_raw) == (JobState.SUCCEEDED, TEXT)
    assert site.finished(id) == [0, 1, 2, 3, 4]


def test_an_actor_finishes_its_segment_before_its_draining_node_leaves(
    site: ClusterHouse, third: Any, caplog: pytest.LogCaptureFixture
) -> None:
    site.hold()
    with site.working(THREE) as pool:
        site.house.until(lambda: pool.places == 3)
        id = site.house.submit(talk(*LEVELS)).id
        site.house.until(lambda: len({pid for pid, *_ in site.heard()}) == 3)
        drain(third.node_id)
        site.house.until(lambda: pool.places == 2)
        site.let_go()
        record = site.house.end_of(id)
        restarts = pool.status().restarts

    assert (record.state, record.text_raw, restarts) == (JobState.SUCCEEDED, TEXT, 0)
    assert len(site.heard()) == len(LEVELS), "nothing was begun twice"
    assert [vars(line)["fields"]["node"] for line in caplog.records if line.message == "actor_leaves"] == ["three"]


def test_nodes_that_were_refused_are_avoided(site: ClusterHouse, third: Any) -> None:
    with site.pool(PoolLimits()) as pool:
        pool.crew.refused_nodes.update({node.id: "other" for node in site.cluster.nodes() if node.id != third.node_id})
        pool.load_now()
        assert [member.node for member in pool.crew.ready] == ["three"]


def test_the_reason_is_told_when_the_last_node_that_was_not_refused_dies(
    site: ClusterHouse, machines: Any, third: Any
) -> None:
    with site.pool(PoolLimits()) as pool:
        pool.crew.refused_nodes.update({node.id: "other" for node in site.cluster.nodes() if node.id != third.node_id})
        machines.remove_node(third, allow_graceful=False)
        with pytest.raises(InferenceUnavailable) as refused:
            pool.load_now()

    assert refused.value.params["reason"]["code"] == NodeDiffers.code


def drain(node_id: str) -> None:
    """Announce that a node will leave in an hour, as `ray drain-node` and the autoscaler of Kubernetes do."""
    from ray._private.worker import global_worker
    from ray.core.generated import autoscaler_pb2

    reason = autoscaler_pb2.DrainNodeReason.DRAIN_NODE_REASON_PREEMPTION
    deadline_ms = int((time.time() + 3600) * 1000)
    global_worker.gcs_client.drain_node(node_id, reason, "a test", deadline_ms)
