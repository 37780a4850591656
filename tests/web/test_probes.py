"""The probes of supervisors and load balancers: always live, ready only if the work can be done."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import anyio
import anyio.to_thread
import pytest
from starlette.testclient import TestClient

from app import __version__
from app.domain.errors.inference import EngineCallsFull
from app.engine import EngineSpec
from app.main import create_app
from app.services.worker.worker import Worker
from app.settings import Settings
from app.support.doctor import Status, Subject
from app.support.doctor.environment import port
from app.support.readiness import disk_problem
from app.web import engine_calls
from tests.engine.sounds import babble, wav_bytes
from tests.waiting import wait_until
from tests.web.conftest import API, Server
from tests.web.test_files import damage

BOTH = ("/ready", "/api/v1/ready")
THREADS = 40  # that serve requests at once


@pytest.fixture(name="late")
def _late(settings: Settings, tmp_path: Path) -> Iterator[TestClient]:
    """A server with an engine that is loaded once the note `loaded` is there, and answers once `go` is."""
    spec = EngineSpec(model_dir=tmp_path, factory="tests.fakes:LateEngine")
    app = create_app(settings, spec=spec)
    with TestClient(app, base_url="http://127.0.0.1", headers={"accept-language": "en"}) as client:
        yield client


def parts(client: TestClient) -> dict[str, str]:
    """Return what is missing of each part, by its name."""
    told: list[dict[str, Any]] = client.get("/ready").json()["parts"]
    assert all(part["is_ready"] == (not part["reason"]) for part in told)
    return {part["name"]: part["reason"] for part in told}


def test_the_server_is_alive_and_says_which_program_it_is(client: TestClient) -> None:
    answer = client.get("/health")

    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "program": "Fun-ASR WebUI", "version": __version__}


@pytest.mark.parametrize("path", BOTH)
def test_a_server_that_leaves_the_jobs_to_a_worker_is_ready(client: TestClient, path: str) -> None:
    answer = client.get(path)

    assert (answer.status_code, answer.json()["status"]) == (200, "ready")
    assert [part["name"] for part in answer.json()["parts"]] == ["database", "disk", "inference"]


def test_a_damaged_database_is_missing_and_the_server_alive(client: TestClient, settings: Settings) -> None:
    damage(settings.data_dir / "app.db")

    answers = [client.get(path) for path in BOTH]

    assert [answer.status_code for answer in answers] == [503, 503]
    error = answers[0].json()["error"]
    assert (error["code"], answers[0].json()["status"]) == ("not_ready", "not_ready")
    assert error["message"].startswith("The server is not ready: database: The database")
    assert [name for name, reason in parts(client).items() if reason] == ["database"]
    assert client.get("/health").status_code == 200
    assert "尚未就绪" in client.get("/ready", headers={"accept-language": "zh"}).json()["error"]["message"]


def test_a_data_folder_that_cannot_be_written_is_missing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    assert disk_problem(tmp_path) is None
    problem = disk_problem(tmp_path / "file")
    assert problem
    assert "cannot be written" in problem.explained()["message"]


def test_ready_follows_the_inference_process_through_its_life(late: TestClient, tmp_path: Path) -> None:
    wait_until(lambda: parts(late)["inference"] == "The model is being loaded.")
    assert late.get("/ready").status_code == 503
    (tmp_path / "loaded").touch()
    wait_until(lambda: late.get("/ready").status_code == 200)

    late.post(API, files={"file": ("a.wav", wav_bytes(babble(1.0)))})
    wait_until(lambda: any(tmp_path.glob("begun-*")))
    assert late.get("/ready").status_code == 200  # a busy engine hinders nobody
    (tmp_path / "go").touch()
    wait_until(lambda: late.get("/api/v1/system").json()["model"]["state"] == "ready")

    (tmp_path / "loaded").unlink()
    [child] = [each for each in multiprocessing.active_children() if each.name == "inference"]
    os.kill(child.pid or 0, signal.SIGKILL)
    wait_until(lambda: "starting again" in parts(late)["inference"])
    assert late.get("/health").status_code == 200
    (tmp_path / "loaded").touch()
    wait_until(lambda: late.get("/ready").status_code == 200)

    late.post("/api/v1/system/model/unload")
    assert late.get("/ready").status_code == 200  # the next job loads it


def test_probes_are_answered_while_every_thread_is_busy(client: TestClient) -> None:
    free = Event()
    assert client.portal
    busy = [client.portal.start_task_soon(anyio.to_thread.run_sync, free.wait) for _ in range(THREADS)]
    try:
        assert client.get("/health").status_code == 200
        assert client.get("/ready").status_code == 200
    finally:
        free.set()
        for task in busy:
            task.result()


def test_the_doctor_knows_the_server_on_the_port_as_this_program(server: Server, tmp_path: Path) -> None:
    host, number = server.host_and_port

    [check] = port(Subject(EngineSpec(tmp_path), tmp_path, tmp_path, host, number))

    assert check.status is Status.OK
    assert "The server answers" in check.explained()["fact"]


def test_calls_that_wait_for_the_engine_have_threads_of_their_own() -> None:
    """More calls than the server has threads: some wait, the rest are refused, and the common threads stay free."""
    free = Event()
    refused: list[EngineCallsFull] = []

    async def call() -> None:
        try:
            await engine_calls.waits_for_engine(free.wait)()
        except EngineCallsFull as error:
            refused.append(error)

    async def call_often() -> int:
        async with anyio.create_task_group() as calls:
            for _ in range(THREADS + 10):
                calls.start_soon(call)
            await anyio.wait_all_tasks_blocked()
            borrowed = anyio.to_thread.current_default_thread_limiter().borrowed_tokens
            free.set()
        return borrowed

    with ThreadPoolExecutor(1) as thread:  # a browser test may have an event loop in this one
        assert thread.submit(anyio.run, call_often).result() == 0
    assert len(refused) == THREADS + 10 - engine_calls.THREADS - engine_calls.MOST_WAITING


def test_a_worker_whose_threads_have_ended_is_not_healthy(
    late: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "loaded").touch()
    wait_until(lambda: not parts(late)["inference"])
    monkeypatch.setattr(Worker, "is_working", False)

    answer = late.get("/api/v1/health")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "not_ready")
    assert parts(late)["inference"]
