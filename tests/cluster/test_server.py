"""The server with a cluster: what it shows of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.domain.options import VadOptions
from app.engine.preparation.pool import Cancelled, PreparationPool, Reply
from app.engine.preparation.preparation import prepare
from app.main import create_app
from app.services.cluster.preparation import ClusterPreparation
from app.settings import Settings
from tests.cluster.conftest import ClusterHouse, needs_ray
from tests.services.conftest import LIMITS, talk
from tests.waiting import wait_until

pytestmark = needs_ray
ADDRESS = "/api/v1/system/cluster"


@pytest.fixture(name="client")
def _client(machines: Any, site: ClusterHouse) -> Iterator[TestClient]:
    settings = Settings(
        cluster=machines.address,
        cluster_min_actors=2,
        cluster_actor_hour_cost=3.6,
        data_dir=site.house.folder / "data",
        log_dir=site.house.folder / "logs",
    )
    app = create_app(settings, spec=site.spec())
    with TestClient(app, base_url="http://127.0.0.1:7860", client=("127.0.0.1", 50000)) as client:
        yield client


def test_the_page_shows_nodes_actors_throughput_and_costs(client: TestClient) -> None:
    wait_until(lambda: [actor["state"] for actor in client.get(ADDRESS).json()["actors"]] == ["free", "free"])
    id = client.post("/api/v1/transcriptions", files={"file": ("talk.wav", talk(0.2, 0.3))}).json()["id"]
    wait_until(lambda: client.get(f"/api/v1/transcriptions/{id}").json()["state"] == "succeeded")
    told = client.get(ADDRESS).json()

    nodes = {node["name"]: node for node in told["nodes"]}  # one that another test has killed may still be listed
    assert [(nodes[name]["state"], nodes[name]["actors"]) for name in ("one", "two")] == [("ready", 1)] * 2
    assert sum(node["segments"] for node in told["nodes"]) == 2
    assert {actor["node"] for actor in told["actors"]} == {"one", "two"}
    assert told["problem"] is None
    assert told["speech_hours_per_hour"] > 0
    assert told["cost_per_speech_hour"] > 0
    page = client.get("/").text
    assert 'href="/cluster"' in page
    assert "data-cluster" in client.get("/cluster").text
    checks = {check["id"]: check for check in client.get("/api/v1/doctor/checks").json()["checks"]}
    assert [checks[id]["status"] for id in ("cluster", "cluster_bandwidth")] == ["ok", "ok"]
    assert not {"cluster_versions", "cluster_clock"} & checks.keys()
    metrics = client.get("/metrics").text
    assert 'funasr_cluster_segments_total{node="one"}' in metrics


def test_a_cluster_that_is_not_there_is_told_and_jobs_wait(site: ClusterHouse) -> None:
    folder = site.house.folder
    settings = Settings(cluster="127.0.0.1:9", data_dir=folder / "data", log_dir=folder / "logs")
    with TestClient(create_app(settings, spec=site.spec()), base_url="http://127.0.0.1:7860") as client:
        id = client.post("/api/v1/transcriptions", files={"file": ("talk.wav", talk(0.2))}).json()["id"]
        wait_until(lambda: client.get(ADDRESS).json()["problem"] is not None)
        assert client.get(ADDRESS).json()["problem"]["code"] == "cluster_unreachable"
        assert client.get(f"/api/v1/transcriptions/{id}").json()["state"] in ("queued", "running")


def test_a_recording_is_decoded_on_a_node_as_it_is_here(site: ClusterHouse, pool: PreparationPool) -> None:
    recording = site.house.folder / "talk.wav"
    recording.write_bytes(talk(0.2, 0.3))
    made = []
    for preparing in (pool, ClusterPreparation(site.cluster, 1.0, Nobody())):
        pcm, peaks = site.house.folder / "talk.s16", site.house.folder / "peaks.json"
        prepared = prepare(recording, pcm, peaks, VadOptions(), LIMITS, lambda: False, pool=preparing)
        made.append((prepared, pcm.read_bytes(), peaks.read_text()))

    assert made[0] == made[1]


def test_the_thread_that_connects_stays_for_what_ray_starts_ends_with_it(site: ClusterHouse) -> None:
    assert site.cluster.nodes()
    assert any(thread.name.startswith("cluster-connection") for thread in threading.enumerate())


def test_a_decoding_that_is_cancelled_ends_on_its_node(site: ClusterHouse) -> None:
    recording = site.house.folder / "talk.wav"
    recording.write_bytes(talk(0.2))
    paths = (recording, site.house.folder / "talk.s16", site.house.folder / "peaks.json")
    too_much = ClusterPreparation(site.cluster, 64.0, Nobody())  # no node has so many cores: it waits
    answers = iter([False, False, True])
    with pytest.raises(Cancelled):
        prepare(*paths, VadOptions(), LIMITS, lambda: next(answers), pool=too_much)


class Nobody:
    """Fails the test where something is decoded here after all."""

    def ask(self, request: dict[str, Any], _seconds: float, _cancelled: Callable[[], bool]) -> Reply:
        raise AssertionError(request)
