"""Jobs that the actors of a cluster read, with real Ray nodes, a real database and real processes."""

from __future__ import annotations

import os
import signal

import pytest

from app.domain.errors.inference import InferenceUnavailable, NodeDiffers
from app.domain.options import TranscriptionOptions
from app.domain.states import JobState
from app.services.cluster.scaling import PoolLimits
from tests.cluster.conftest import ClusterHouse, needs_ray, other_version
from tests.services.conftest import talk

pytestmark = needs_ray
LEVELS = (0.2, 0.3, 0.4, 0.5)
TEXT = "level 2 level 3 level 4 level 5"


def test_two_nodes_read_one_recording_and_its_receipt_names_both(
    site: ClusterHouse, caplog: pytest.LogCaptureFixture
) -> None:
    site.hold()
    with site.working() as pool:
        site.house.until(lambda: pool.places == 2)
        id = site.house.submit(talk(*LEVELS)).id
        site.house.until(lambda: len({pid for pid, *_ in site.heard()}) == 2)
        site.let_go()
        record = site.house.end_of(id)
        site.house.until(lambda: caplog.text.count("piece_heard") == len(LEVELS))

    assert (record.state, record.text_raw) == (JobState.SUCCEEDED, TEXT)
    nodes = [(line.asked, line.applied) for line in record.receipt if line.name == "node"]
    assert sorted(nodes) == [("one", "cpu"), ("two", "cpu")]
    assert site.finished(id) == [0, 1, 2, 3]
    lines = [line for line in caplog.records if line.message == "piece_heard"]
    assert {vars(line)["fields"]["node"] for line in lines} == {"one", "two"}


def test_an_actor_that_is_killed_costs_no_segment_and_none_is_finished_twice(site: ClusterHouse) -> None:
    site.hold()
    with site.working() as pool:
        site.house.until(lambda: pool.places == 2)
        id = site.house.submit(talk(*LEVELS)).id
        site.house.until(lambda: len(site.heard()) >= 2)
        os.kill(int(site.heard()[0][0]), signal.SIGKILL)
        site.house.until(lambda: pool.status().restarts == 1)
        site.let_go()
        record = site.house.end_of(id)
        site.house.until(lambda: pool.places == 2)

    assert (record.state, record.text_raw) == (JobState.SUCCEEDED, TEXT)
    assert site.finished(id) == [0, 1, 2, 3]


def test_a_server_that_is_no_node_has_its_segments_read_and_loses_none(site_of_client: ClusterHouse) -> None:
    site = site_of_client
    site.hold()
    with site.working() as pool:
        site.house.until(lambda: pool.places == 2)
        id = site.house.submit(talk(*LEVELS)).id
        site.house.until(lambda: len(site.heard()) >= 2)
        os.kill(int(site.heard()[0][0]), signal.SIGKILL)
        site.house.until(lambda: pool.status().restarts == 1)
        site.let_go()
        record = site.house.end_of(id)

    assert (record.state, record.text_raw) == (JobState.SUCCEEDED, TEXT)
    assert site.finished(id) == [0, 1, 2, 3]


def test_nodes_of_another_version_are_refused_with_their_names_and_the_reason(
    site: ClusterHouse, caplog: pytest.LogCaptureFixture
) -> None:
    with site.pool(fingerprint=other_version) as pool, pytest.raises(InferenceUnavailable) as refused:
        pool.load_now()

    assert refused.value.params["reason"]["code"] == NodeDiffers.code
    lines = [line for line in caplog.records if line.message == "actor_refused"]
    assert {vars(line)["fields"]["node"] for line in lines} == {"one", "two"}
    assert "instead of 99.0" in str(vars(lines[0])["fields"]["reason"])


def test_jobs_of_two_models_are_read_at_the_same_time(site: ClusterHouse) -> None:
    site.hold()
    site.named_model("other")
    with site.working(PoolLimits(least=1, most=1)):
        ids = [site.house.submit(talk(0.2), options=TranscriptionOptions(model=model)).id for model in ("", "other")]
        site.house.until(lambda: {model for _, model, _ in site.heard()} == {"model", "other"})
        site.let_go()
        records = [site.house.end_of(id) for id in ids]

    assert [record.model for record in records] == ["model", "other"]


def test_there_are_more_actors_while_segments_wait_and_fewer_afterwards(site: ClusterHouse) -> None:
    site.hold()
    with site.working(PoolLimits(least=1, most=2, idle_seconds=1.0)) as pool:
        id = site.house.submit(talk(*LEVELS)).id
        site.house.until(lambda: pool.places == 2)
        site.let_go()
        assert site.house.end_of(id).state == JobState.SUCCEEDED
        site.house.until(lambda: pool.places == 1)
