"""What the doctor says of a node of the cluster, by what was found on it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.services.cluster.connection import Node
from app.services.cluster.fingerprint import Fingerprint
from app.services.cluster.probe import ProbedNode
from app.services.cluster.scaling import Autoscaler, PoolLimits
from app.support.doctor.cluster import _of_node

SOUND = ProbedNode(Node("a1", "worker-1", "10.0.0.4", 4, 1, 1 << 30, is_draining=False), "", 0.0, 400.0)


@pytest.mark.parametrize(
    ("found", "id", "said"),
    [
        ({"differences": "torch 2.13.0 instead of 2.14.1"}, "cluster_versions", "worker-1 has another installation"),
        ({"clock_ahead": -31.5}, "cluster_clock", "differs by -31.5 s"),
        ({"mb_per_second": 1.5}, "cluster_bandwidth", "with 1.5 MB/s only"),
        ({"problem": "it died"}, "cluster_node", "gave no answer: it died"),
    ],
)
def test_a_node_that_differs_is_named_with_the_difference(found: dict[str, object], id: str, said: str) -> None:
    [check] = _of_node(replace(SOUND, **found))
    assert (check.id, check.status.value) == (id, "warning")
    assert said in check.explained()["fact"]


def test_a_node_without_a_fault_needs_no_words() -> None:
    assert not list(_of_node(SOUND))


def test_a_fingerprint_tells_what_differs_and_shortens_checksums() -> None:
    ours = Fingerprint("1.0", "3.11.7", "2.14.1", "a" * 64)
    assert ours.differences(ours) == ""
    assert ours.differences(replace(ours, torch="2.13.0", model="b" * 64)) == (
        "torch 2.13.0 instead of 2.14.1, model bbbbbbbbbbbb instead of aaaaaaaaaaaa"
    )


def test_actors_are_added_only_while_segments_wait_for_long_and_within_bounds() -> None:
    scaler = Autoscaler(PoolLimits(least=1, most=4))
    assert scaler.wanted(0.0, current=2, are_all_busy=True, waiting=5) == 2
    assert scaler.wanted(1.0, current=2, are_all_busy=True, waiting=5) == 2
    assert scaler.wanted(2.5, current=2, are_all_busy=True, waiting=5) == 3
    assert scaler.wanted(2.6, current=3, are_all_busy=True, waiting=5) == 3, "the new one gets its chance first"
    assert scaler.wanted(9.0, current=4, are_all_busy=True, waiting=50) == 4
    assert scaler.wanted(9.0, current=3, are_all_busy=False, waiting=50) == 3
    assert scaler.wanted(9.0, current=0, are_all_busy=False, waiting=0) == 1
