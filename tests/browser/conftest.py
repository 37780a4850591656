"""A real Chromium against a real server. Every page opened by a test is checked for errors and foreign hosts."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    Playwright,
    expect,
    sync_playwright,
)

from tests.browser.contexts import Contexts, new_context
from tests.conftest import data_folder, database_in_environment
from tests.databases import VARIABLE, serving_database
from tests.engine.sounds import babble, silence, wav_bytes
from tests.waiting import PATIENCE_SECONDS, wait_until
from tests.warm import start_module

REPOSITORY = Path(__file__).resolve().parents[2]
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--autoplay-policy=no-user-gesture-required",
    # Whatever a page asks of another host is an error on its console: to be told of every request takes playwright
    # a quarter of a visit's computing.
    "--host-resolver-rules=MAP transcribe.lan 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)
FAKE_MICROPHONE = "--use-fake-device-for-media-stream"
API = "/api/v1/transcriptions"
WAIT_SECONDS = PATIENCE_SECONDS


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("browser")


@dataclass
class Server:
    """A server process that can be ended and started again at the same address."""

    data_dir: Path
    address: str = ""
    process: subprocess.Popen[str] | None = None
    settings: tuple[str, ...] = ()
    database: str = ""
    """Its URL; started again, it asks the same one, whatever the environment of that test says."""
    is_fresh: bool = False
    """In an interpreter of its own, because of what its environment does to imports."""

    def start(self) -> None:
        port = urlsplit(self.address).port or 0
        command = ("tests.browser.server", str(self.data_dir), str(port), *self.settings)
        variables = os.environ | ({VARIABLE: self.database} if self.database else {})
        self.process = _fresh(command, variables) if self.is_fresh else start_module(*command, variables=variables)
        assert self.process.stdout
        self.address = self.process.stdout.readline().split()[-1]

    def stop(self) -> None:
        assert self.process
        assert self.process.stdout
        self.process.terminate()
        self.process.wait(timeout=PATIENCE_SECONDS)
        self.process.stdout.close()


def _fresh(command: tuple[str, ...], variables: Mapping[str, str]) -> subprocess.Popen[str]:
    python = [sys.executable, "-m"]
    return subprocess.Popen([*python, *command], cwd=REPOSITORY, env=variables, stdout=subprocess.PIPE, text=True)


@contextmanager
def serving(data_dir: Path, *settings: str, is_fresh: bool = False) -> Iterator[Server]:
    server = Server(data_dir, settings=settings, database=os.environ.get(VARIABLE, ""), is_fresh=is_fresh)
    with serving_database(data_dir, server.database):
        server.start()
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session", name="server")
def _server(tmp_path_factory: pytest.TempPathFactory, empty: Path) -> Iterator[Server]:
    """One server for all tests that do not stop it."""
    with database_in_environment(), serving(data_folder(tmp_path_factory.mktemp("server"), empty)) as server:
        yield server


@pytest.fixture(scope="session", name="playwright")
def _playwright() -> Iterator[Playwright]:
    expect.set_options(timeout=WAIT_SECONDS * 1000)  # a busy machine is slow; waiting ends when it is true
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session", name="launch")
def _launch(playwright: Playwright) -> Callable[..., Browser]:
    # The shell is the same browser without its own window: a third of the computing for each page. But its
    # microphones get other ids with each page: who looks for one again asks for the whole browser.
    whole, shell = shutil.which("chromium"), shutil.which("chromium-headless-shell")
    if whole is None and shell is None:
        pytest.skip("needs chromium (apt install chromium chromium-headless-shell)")

    def launch(*flags: str, is_whole: bool = False, is_audible: bool = False) -> Browser:
        executable = whole or shell if is_whole else shell or whole
        unwanted = ["--mute-audio"] if is_audible else []  # of playwright's own flags
        return playwright.chromium.launch(
            executable_path=executable, args=[*FLAGS, *flags], ignore_default_args=unwanted
        )

    return launch


def hearing(sound: Path | str) -> tuple[str, ...]:
    """Flags for `launch`: a microphone that everybody may use, and that hears a WAV file."""
    return (
        FAKE_MICROPHONE,
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={sound}",
    )


@pytest.fixture(scope="session", name="browser")
def _browser(launch: Callable[..., Browser]) -> Iterator[Browser]:
    browser = launch()
    yield browser
    browser.close()


@pytest.fixture(scope="session", name="contexts")
def _contexts(browser: Browser) -> Contexts:
    return Contexts(browser)


@pytest.fixture(name="open_page")
def _open_page(contexts: Contexts, server: Server) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a page in a context of its own; all must end without errors."""
    with watching(contexts, server.address) as open_watched:

        def open_page(path: str = "/", **options: Any) -> Page:
            page = open_watched(**options)
            page.goto(path)
            return page

        yield open_page


@contextmanager
def watching(contexts: Contexts, address: str) -> Iterator[Callable[..., Page]]:
    """Give a function that returns a page that has still to be led somewhere; none may have complaints at the end."""
    watched: list[Watch] = []

    def open_watched(**options: Any) -> Page:
        watched.append(Watch(contexts.take(address, **options), address))
        return watched[-1].page

    yield open_watched
    for watch in watched:
        watch.stop()
        contexts.put_back(watch.page)
    assert [complaint for watch in watched for complaint in watch.complaints] == []


@pytest.fixture(name="page")
def _page(open_page: Callable[..., Page]) -> Page:
    return open_page()


@pytest.fixture(name="unwatched")
def _unwatched(contexts: Contexts, server: Server) -> Iterator[Page]:
    """A page that may have complaints: the browser logs whatever does not arrive."""
    page = contexts.take(server.address)
    yield page
    contexts.put_back(page)


@pytest.fixture(name="from_afar")
def _from_afar(contexts: Contexts, server: Server) -> Iterator[Page]:
    """A page of a server on the network, which the browser does not trust without HTTPS."""
    page = contexts.take(f"http://transcribe.lan:{urlsplit(server.address).port}")
    yield page
    contexts.put_back(page)


class Watch:
    """Notes what a page must not do: log errors, which includes asking other hosts, raise, lead elsewhere."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.complaints: list[str] = []
        self._address = address
        page.on("console", self._on_console)
        page.on("pageerror", self._on_page_error)

    def stop(self) -> None:
        self.page.remove_listener("console", self._on_console)
        self.page.remove_listener("pageerror", self._on_page_error)
        if not is_own(self.page.url, self._address):
            self.complaints.append(self.page.url)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and "status of 4" not in message.text:  # each refused request; pages show them
            self.complaints.append(message.text)

    def _on_page_error(self, error: Error) -> None:
        self.complaints.append(str(error))


def is_own(url: str, address: str) -> bool:
    return url.startswith((address, "blob:", "data:", "about:blank"))


@pytest.fixture(scope="session", name="recording")
def _recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three pieces of something like speech, nine seconds."""
    return write_speech(tmp_path_factory.mktemp("sounds") / "会议 (1).wav", pieces=3)


@pytest.fixture(scope="session", name="long_recording")
def _long_recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Enough pieces to reload the page in their middle."""
    return write_speech(tmp_path_factory.mktemp("sounds") / "long.wav", pieces=12)


def write_speech(path: Path, pieces: int) -> Path:
    piece = np.concatenate([silence(0.4), babble(1.8), silence(0.8)])
    path.write_bytes(wav_bytes((np.tile(piece, pieces) * 32767).astype(np.int16)))
    return path


@pytest.fixture(scope="session", name="finished")
def _finished(browser: Browser, server: Server, recording: Path) -> str:
    """The id of a finished transcription of `recording`, for tests that change nothing."""
    context = new_context(browser, server.address)
    id = transcribe(context, recording)
    context.close()
    return id


@pytest.fixture(name="transcribed")
def _transcribed(open_page: Callable[..., Page], finished: str) -> Page:
    """Its page."""
    return open_page(f"/transcriptions/{finished}")


def transcribe(page: Page | BrowserContext, recording: Path, name: str | None = None) -> str:
    """Send `recording` as a program would, and return its id when it is done."""
    file = {"name": name or recording.name, "mimeType": "audio/wav", "buffer": recording.read_bytes()}
    answer = page.request.post(API, multipart={"file": file})
    assert answer.status == 201, answer.text()
    id = str(answer.json()["id"])
    wait_until_done(page, id)
    return id


def wait_until_done(page: Page | BrowserContext, id: str) -> dict[str, Any]:
    def job() -> dict[str, Any]:
        return dict(page.request.get(f"{API}/{id}").json())

    wait_until(lambda: job()["state"] not in ("queued", "running"), lambda: f"did not end: {job()}")
    return job()


def wait_for(page: Page, expression: str) -> None:
    """Wait until a script's expression is true; the pages' security policy forbids playwright's own way."""
    wait_until(lambda: page.evaluate(expression), lambda: f"never true: {expression}")
