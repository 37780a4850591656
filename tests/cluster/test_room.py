"""A server whose actors find no place says so everywhere, and goes on by itself once there is one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.domain.errors.inference import NodesTooSmall, NoRoom
from app.main import create_app
from app.services.cluster.connection import Node, Share
from app.services.cluster.room import shortage_of
from app.settings import Settings
from tests.cluster.conftest import ClusterHouse, needs_ray
from tests.services.conftest import talk
from tests.waiting import wait_until

ADDRESS = "/api/v1/system/cluster"
ENGLISH = "Waiting for a place in the cluster: 1 CPU wanted, 0 free of 2."
GUEST = """
import sys, ray
class Guest:
    def ready(self): pass
ray.init(sys.argv[1], namespace="guest", log_to_driver=False)
guests = [ray.remote(num_cpus=1)(Guest).remote() for _ in range(2)]
ray.get([guest.ready.remote() for guest in guests])
print("here", flush=True)
sys.stdin.read()
"""
CHINESE = "正在等待集群空位：需要 1 个 CPU，共 2 个，空闲 0 个。"


@pytest.fixture(name="guest")
def _guest(machines: Any) -> Iterator[subprocess.Popen[str]]:
    """Somebody else, whose actors take all there is."""
    command = [sys.executable, "-c", GUEST, machines.address]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as guest:
        assert guest.stdout
        assert guest.stdout.readline() == "here\n"
        yield guest
        guest.kill()


@pytest.fixture(name="client")
def _client(machines: Any, site: ClusterHouse) -> Iterator[TestClient]:
    folder = site.house.folder
    settings = Settings(cluster=machines.address, data_dir=folder / "data", log_dir=folder / "logs")
    app = create_app(settings, spec=site.spec())
    with TestClient(app, base_url="http://127.0.0.1:7860", client=("127.0.0.1", 50000)) as client:
        client.headers["Accept-Language"] = "en"
        yield client


@needs_ray
def test_who_finds_no_place_says_so_everywhere_and_goes_on_once_there_is_one(
    guest: subprocess.Popen[str], client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    id = client.post("/api/v1/transcriptions", files={"file": ("talk.wav", talk(0.2))}).json()["id"]
    job = f"/api/v1/transcriptions/{id}"
    in_chinese = {"Accept-Language": "zh"}
    wait_until(lambda: client.get(job).json()["progress"]["waits_for"])

    assert client.get(job).json()["progress"]["waits_for"]["message"] == ENGLISH
    assert client.get(job, headers=in_chinese).json()["progress"]["waits_for"]["message"] == CHINESE
    assert client.get(ADDRESS).json()["problem"]["message"] == ENGLISH
    assert client.get(ADDRESS, headers=in_chinese).json()["problem"]["message"] == CHINESE
    assert client.get("/ready").status_code == 503
    assert ENGLISH in client.get("/ready").text
    checks = {check["id"]: check for check in client.get("/api/v1/doctor/checks").json()["checks"]}
    assert checks["cluster_actors"]["fact"] == ENGLISH

    guest.kill()
    wait_until(lambda: client.get(job).json()["state"] == "succeeded")
    assert client.get(job).json()["progress"]["waits_for"] is None
    wait_until(lambda: client.get(ADDRESS).json()["problem"] is None)
    assert client.get("/ready").status_code == 200
    told = [line.message for line in caplog.records if line.message in ("actor_without_place", "actors_have_places")]
    assert told == ["actor_without_place", "actors_have_places"]


@needs_ray
def test_a_job_that_names_a_model_tells_what_its_actors_wait_for(
    guest: subprocess.Popen[str], client: TestClient
) -> None:
    recording = {"file": ("talk.wav", talk(0.2))}
    name = client.get("/api/v1/models").json()["models"][0]["name"]
    id = client.post("/api/v1/transcriptions", files=recording, data={"model": name}).json()["id"]
    wait_until(lambda: client.get(f"/api/v1/transcriptions/{id}").json()["progress"]["waits_for"])

    assert guest.poll() is None
    client.post(f"/api/v1/transcriptions/{id}/cancel")
    wait_until(lambda: client.get(f"/api/v1/transcriptions/{id}").json()["state"] == "cancelled")


def node(cpus: float, gpus: float) -> Node:
    return Node("1", "one", "10.0.0.1", cpus, gpus, 0, is_draining=False)


def test_the_scarcest_of_what_an_actor_wants_is_told() -> None:
    nodes = [node(8, 1), node(8, 1)]
    share = Share(cpus=1, gpus=1)

    assert shortage_of(share, nodes, {"CPU": 16}).params == {
        "wanted": "1",
        "resource": "GPU",
        "free": "0",
        "total": "2",
    }
    assert shortage_of(share, nodes, {"GPU": 2}).params["resource"] == "CPU"
    half = shortage_of(Share(cpus=1, gpus=0.5), nodes, {"CPU": 16, "GPU": 0.25})
    assert (type(half), half.params["wanted"], half.params["free"]) == (NoRoom, "0.5", "0.25")


def test_a_share_that_no_node_can_have_is_told_as_that() -> None:
    assert isinstance(shortage_of(Share(gpus=1), [node(8, 0)], {"CPU": 8}), NodesTooSmall)
    assert isinstance(shortage_of(Share(), [], {}), NodesTooSmall)
    assert isinstance(shortage_of(Share(cpus=2), [node(2, 0), node(2, 0)], {"CPU": 2}), NoRoom)
