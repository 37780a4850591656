"""A server for the tests: the real one in a child process, or the application alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from app.domain.options import TranscriptionOptions
from app.engine.preparation.pool import PreparationPool
from app.main import create_app
from app.settings import Settings
from app.web.answers.transcriptions import options_answer
from tests.conftest import data_folder
from tests.waiting import PATIENCE_SECONDS
from tests.warm import WarmPopen, start_module

REPOSITORY = Path(__file__).resolve().parents[2]
API = "/api/v1/transcriptions"


@dataclass(frozen=True)
class Server:
    """`python -m app serve --no-worker` in a process of its own."""

    process: WarmPopen
    address: str
    data_dir: Path
    log_dir: Path

    @property
    def host_and_port(self) -> tuple[str, int]:
        host, _, port = self.address.removeprefix("http://").partition(":")
        return host, int(port)

    def client(self) -> httpx2.Client:
        return http_client(self.address)

    def left_in_incoming(self) -> list[Path]:
        return list((self.data_dir / "incoming").iterdir())

    def kept(self) -> list[Path]:
        folder = self.data_dir / "transcriptions"
        return list(folder.iterdir()) if folder.is_dir() else []


def usual_options() -> dict[str, Any]:
    """Return the options of a transcription of which nothing is asked, as the API answers them."""
    return options_answer(TranscriptionOptions()).model_dump(mode="json")


def http_client(address: str = "") -> httpx2.Client:
    """Return a client for plain HTTP: reading the certificates that it never needs would take 50 ms of a CPU."""
    return httpx2.Client(base_url=address, headers={"accept-language": "en"}, timeout=PATIENCE_SECONDS, verify=False)


@contextmanager
def serving(data_dir: Path, log_dir: Path, **settings: str) -> Iterator[Server]:
    folders = ("--data-dir", data_dir, "--log-dir", log_dir)
    variables = os.environ | {f"FUNASR_{name.upper()}": value for name, value in settings.items()}
    with start_module("app", "serve", "--no-worker", "--port", "0", *folders, variables=variables) as process:
        try:
            address = next(line.split()[2] for line in process.stdout if "http://" in line)
            yield Server(process, address, data_dir, log_dir)
        finally:
            process.terminate()
            process.wait(timeout=PATIENCE_SECONDS)


@pytest.fixture(name="start_server")
def _start_server(tmp_path: Path, empty: Path) -> Iterator[Callable[..., Server]]:
    data = data_folder(tmp_path / "data", empty)
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(serving(data, tmp_path / "logs", **settings))


@pytest.fixture(name="server", scope="module")
def _server(tmp_path_factory: pytest.TempPathFactory, empty: Path) -> Iterator[Server]:
    """One server for the tests of a module, with an upload limit of 1 MB."""
    folder = tmp_path_factory.mktemp("server")
    with serving(data_folder(folder / "data", empty), folder / "logs", max_upload_mb="1") as server:
        yield server


@pytest.fixture(name="remote")
def _remote(server: Server) -> Iterator[httpx2.Client]:
    with server.client() as client:
        yield client


@pytest.fixture(autouse=True)
def _shared_pool(pool: PreparationPool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the applications of a module read files with the same processes."""
    monkeypatch.setattr("app.main.PreparationPool", lambda: nullcontext(pool))


@pytest.fixture(name="settings")
def _settings(tmp_path: Path, empty: Path) -> Settings:
    return Settings(data_dir=data_folder(tmp_path / "data", empty), log_dir=tmp_path / "logs", max_upload_mb=1)


@pytest.fixture(name="client")
def _client(settings: Settings) -> Iterator[TestClient]:
    """The application without a worker: what is sent stays queued."""
    with TestClient(
        create_app(settings, start_worker=False),
        base_url="http://127.0.0.1",
        headers={"accept-language": "en"},
        raise_server_exceptions=False,
    ) as client:
        yield client
