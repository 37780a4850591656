"""The probes of supervisors and load balancers: always live, ready only if the work can be done."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from inspect import iscoroutinefunction
from pathlib import Path
from threading import Event
from typing import Any

import anyio
import anyio.to_thread
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from app import __version__
from app.domain.errors.base import AppError
from app.domain.errors.setup import NotReady
from app.engine import EngineSpec
from app.main import create_app
from app.services.worker.worker import Worker
from app.settings import Settings
from app.support.doctor import Status, Subject
from app.support.doctor.environment import port
from app.support.readiness import disk_problem
from app.web import pools
from tests.engine.sounds import babble, wav_bytes
from tests.loops import run_apart
from tests.waiting import PATIENCE_SECONDS, wait_until
from tests.web.conftest import API, Server
from tests.web.test_files import damage

BOTH = ("/ready", "/api/v1/ready")
THREADS = 40  # that serve requests at once
MANY = THREADS + 5


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


@pytest.mark.sqlite("damages the file")
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
        for path in ("/health", "/ready", "/api/v1/health"):
            assert client.get(path).status_code == 200
    finally:
        free.set()
        for task in busy:
            task.result()


def test_the_doctor_knows_the_server_on_the_port_as_this_program(server: Server, tmp_path: Path) -> None:
    host, number = server.host_and_port

    [check] = port(Subject(EngineSpec(tmp_path), tmp_path, tmp_path, host, number))

    assert check.status is Status.OK
    assert "The server answers" in check.explained()["fact"]


@pytest.mark.parametrize("pool", [pools.ENGINE_CALLS, pools.CHANGES, pools.SLOW_READS])
def test_calls_that_wait_have_threads_of_their_own(pool: pools.Pool) -> None:
    """More calls than a pool takes: some wait, the rest are refused, and the common threads stay free."""
    free = Event()
    refused: list[AppError] = []
    calls = pool.threads + (pool.most_waiting or 0) + 10

    async def call() -> None:
        try:
            await pool.route(free.wait)()
        except pool.refusal as error:
            refused.append(error)

    async def call_often() -> int:
        async with anyio.create_task_group() as group:
            for _ in range(calls):
                group.start_soon(call)
            await anyio.wait_all_tasks_blocked()
            borrowed = anyio.to_thread.current_default_thread_limiter().borrowed_tokens
            free.set()
        return borrowed

    assert run_apart(call_often()) == 0
    assert len(refused) == 10


def test_every_route_that_changes_something_waits_apart(client: TestClient) -> None:
    """What a locked database or a broken disk holds up must not hold up a page."""
    app = client.app
    assert isinstance(app, FastAPI)
    common = [
        route.path
        for route in app.routes
        if isinstance(route, APIRoute) and route.path.startswith("/api/")
        if route.methods - {"GET", "HEAD"} and not iscoroutinefunction(route.endpoint)
    ]
    assert common == []


class Hanging:
    """Stands for a service whose every call hangs until it is let go."""

    def __init__(self) -> None:
        self.free = Event()
        self.calls = 0

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def hang(*_: object, **__: object) -> None:
            self.calls += 1
            self.free.wait(PATIENCE_SECONDS)
            raise NotReady(reasons="let go")

        return hang


SLOW_CALLS = {
    "changes that wait for the database": ("trash", "DELETE", "/api/v1/trash"),
    "a model that is hashed": ("models", "POST", "/api/v1/models/any/verify"),
    "a model that is deleted": ("models", "DELETE", "/api/v1/models/any"),
    "folders of models on a slow disk": ("models", "GET", "/api/v1/models/any"),
    "cases": ("cases", "GET", "/api/v1/transcriptions/any/case"),
    "examinations": ("doctor", "GET", "/api/v1/doctor/checks"),
    "analyses": ("vad", "GET", "/api/v1/vad/any"),
    "analyses that begin": ("vad", "POST", "/api/v1/vad/transcriptions/any"),
    "texts of analyses": ("vad_texts", "DELETE", "/api/v1/vad/any"),
    "journals": ("journal", "GET", "/api/v1/journal/4f1c9a2b7d3e5f60"),
    "comparisons": ("comparisons", "GET", "/api/v1/comparisons/any"),
    "engine": ("devices", "GET", "/api/v1/system/devices"),
}


@pytest.mark.parametrize("what", SLOW_CALLS)
def test_pages_and_probes_are_answered_while_many_wait(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    service, method, path = SLOW_CALLS[what]
    hanging = Hanging()
    opened = replace(client.app_state["services"], **{service: hanging})
    monkeypatch.setitem(client.app_state, "services", opened)
    with ThreadPoolExecutor(MANY) as clients:
        try:
            waiting = [clients.submit(client.request, method, path) for _ in range(MANY)]
            wait_until(lambda: hanging.calls >= 4)
            for quick in ("/health", "/api/v1/health", "/ready", "/docs", "/api/v1/transcriptions"):
                assert client.get(quick).status_code == 200, quick
        finally:
            hanging.free.set()
        assert {each.result().status_code for each in waiting} == {503}


def test_a_worker_whose_threads_have_ended_is_not_healthy(
    late: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "loaded").touch()
    wait_until(lambda: not parts(late)["inference"])
    monkeypatch.setattr(Worker, "is_working", False)

    answer = late.get("/api/v1/health")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "not_ready")
    assert parts(late)["inference"]
