"""Under a path prefix behind real proxies: all of a browser's requests go through them."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from playwright.sync_api import Browser, Dialog, Page, Request, Response, Route, WebSocket, expect

from tests.browser.conftest import Server, Watch, hearing, is_own, serving, wait_for
from tests.browser.contexts import Contexts
from tests.browser.proxies import NAME, RESOLVE, caddy, nginx
from tests.browser.test_live import ANY_SENTENCE, in_state, start
from tests.browser.voice import write_voice
from tests.conftest import data_folder
from tests.engine.sounds import babble, silence, wav_bytes

KINDS = ("nginx strips the path", "nginx passes it on", "caddy")
PAGES = ("/live", "/batch", "/vad", "/settings", "/docs")
CHECKS = (
    "secure_context",
    "audio_worklet",
    "requests",
    "websocket",
    "events",
    "browser_clock",
    "upload",
)
SETTINGS = (f"allowed_hosts={NAME}", "max_upload_mb=32")
PREFIX = "/asr"

pytestmark = pytest.mark.timeout(900)  # on a busy machine a page takes a minute


@dataclass(frozen=True)
class Proxied:
    """A server behind a proxy."""

    address: str
    """What people type, without a slash at the end."""
    server: Server


@pytest.fixture(scope="module", name="behind")
def _behind(tmp_path_factory: pytest.TempPathFactory, empty: Path) -> Iterator[Server]:
    """A server that learns its path from the proxy."""
    with serving(data_folder(tmp_path_factory.mktemp("behind"), empty), *SETTINGS) as server:
        yield server


@pytest.fixture(scope="module", name="nginx_strips")
def _nginx_strips(tmp_path_factory: pytest.TempPathFactory, behind: Server) -> Iterator[Proxied]:
    with nginx(tmp_path_factory.mktemp("nginx"), urlsplit(behind.address).netloc, strips=True) as address:
        yield Proxied(address + PREFIX, behind)


@pytest.fixture(scope="module", name="proxied", params=KINDS)
def _proxied(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    if request.param == KINDS[0]:
        yield request.getfixturevalue("nginx_strips")
    elif request.param == KINDS[1]:
        folder = data_folder(tmp_path_factory.mktemp("passed-on"), request.getfixturevalue("empty"))
        with (
            serving(folder, *SETTINGS, f"root_path={PREFIX}") as server,
            nginx(folder, urlsplit(server.address).netloc, strips=False) as address,
        ):
            yield Proxied(address + PREFIX, server)
    else:
        behind = request.getfixturevalue("behind")
        with caddy(tmp_path_factory.mktemp("caddy"), urlsplit(behind.address).netloc) as address:
            yield Proxied(address + PREFIX, behind)


@pytest.fixture(scope="module", name="visitor")
def _visitor(launch: Callable[..., Browser], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser that finds the name of the proxy, and has a microphone into which somebody speaks."""
    voice = write_voice(tmp_path_factory.mktemp("sounds") / "voice.wav", 60)
    browser = launch(RESOLVE, *hearing(f"{voice}%noloop"))
    yield browser
    browser.close()


@pytest.fixture(scope="module", name="visits")
def _visits(visitor: Browser) -> Contexts:
    return Contexts(visitor)


@pytest.fixture(name="visit")
def _visit(visits: Contexts) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a page; whatever it asks for must be under the prefix, and be there."""
    watched: list[PrefixWatch] = []

    def visit(proxied: Proxied, path: str = "/") -> Page:
        page = visits.take(proxied.address, permissions=["microphone"], ignore_https_errors=True)
        page.route("**/doctor/checks?*", glance)
        watched.append(PrefixWatch(page, proxied.address))
        page.goto(proxied.address + path)
        return page

    yield visit
    for watch in watched:
        watch.stop()
        visits.put_back(watch.page)
        assert watch.complaints == [], "\n".join(watch.complaints)


def glance(route: Route) -> None:
    """Ask for the quick examination instead: the whole one would load torch for nothing that is asked here."""
    route.continue_(url=route.request.url.replace("quick=false", "quick=true"))


class PrefixWatch(Watch):
    """Notes also what is asked outside of the prefix, sockets elsewhere, and answers that tell of a wrong address."""

    def __init__(self, page: Page, address: str) -> None:
        super().__init__(page, address)
        self._sockets = address.replace("http", "ws", 1)
        self._deleted: list[str] = []
        page.on("request", self._on_request)
        page.on("websocket", self._on_socket)
        page.on("response", self._on_response)
        page.on("dialog", accept)

    def stop(self) -> None:
        super().stop()
        self.page.remove_listener("request", self._on_request)
        self.page.remove_listener("websocket", self._on_socket)
        self.page.remove_listener("response", self._on_response)
        self.page.remove_listener("dialog", accept)

    def _on_request(self, request: Request) -> None:
        if not is_own(request.url, self._address):
            self.complaints.append(request.url)

    def _on_socket(self, socket: WebSocket) -> None:
        if not socket.url.startswith(self._sockets):
            self.complaints.append(socket.url)

    def _on_response(self, response: Response) -> None:
        if response.request.method == "DELETE" and response.ok:
            self._deleted.append(response.url)
        is_gone = response.url.startswith(tuple(self._deleted))  # the page may ask once more while it leaves
        if response.status in (403, 404, 405) and not is_gone:
            self.complaints.append(f"{response.url}: status {response.status}")


def accept(dialog: Dialog) -> None:
    dialog.accept()


def own(page: Page, path: str) -> str:
    """Return the address of a path of the program."""
    parts = urlsplit(page.url)
    return f"{parts.scheme}://{parts.netloc}{PREFIX}{path}"


def send_recording(page: Page, recording: Path) -> str:
    """Send a recording from the first page, watch it being read, and return its id."""
    page.locator("[data-file-input]").set_input_files(recording)
    page.get_by_role("button", name="Start recognition").click()
    row = page.locator("[data-job]", has_text=recording.name).first
    expect(row).to_have_attribute("data-state", "succeeded")
    return row.get_attribute("data-job") or ""


def test_every_page_and_what_it_needs_comes_through(proxied: Proxied, visit: Callable[..., Page]) -> None:
    page = visit(proxied, "")  # without the slash
    expect(page).to_have_url(f"{proxied.address}/")

    for link in page.locator(".nav a").all():
        assert (link.get_attribute("href") or "").startswith(f"{PREFIX}/")
    for path in PAGES:
        page.goto(proxied.address + path)
        expect(page.locator("main h1, main h2").first).to_be_visible()
        expect(page.locator(".nav")).to_have_css("display", "flex")  # the style sheets are there

    page.get_by_role("link", name="History").click()
    expect(page).to_have_url(f"{proxied.address}/history")
    expect(page.locator('.nav a[aria-current="page"]')).to_have_text("History")


def test_requests_sockets_events_and_uploads_pass_the_browsers_own_checks(
    proxied: Proxied, visit: Callable[..., Page]
) -> None:
    page = visit(proxied, "/doctor")
    again = page.get_by_role("button", name="Look again")

    for tries_left in range(5, -1, -1):  # its patience of 6 s is short for a machine that runs other tests
        expect(page.locator("[data-side][aria-busy]")).to_have_count(0)
        found = {check: page.locator(f'[data-check="{check}"]').get_attribute("data-status") for check in CHECKS}
        if set(found.values()) == {"ok"} or tries_left == 0:
            break
        again.click()
    assert found == dict.fromkeys(CHECKS, "ok")


def test_a_proxy_that_tells_its_port_apart_lets_sockets_through(
    behind: Server, tmp_path: Path, visit: Callable[..., Page]
) -> None:
    server = urlsplit(behind.address).netloc
    with nginx(tmp_path, server, strips=True, tells_port=True) as address:
        page = visit(Proxied(address + PREFIX, behind), "/doctor")
        for check in ("websocket", "upload"):
            expect(page.locator(f'[data-check="{check}"]')).to_have_attribute("data-status", "ok")
        page.goto("about:blank")


def test_a_recording_is_sent_watched_read_exported_and_deleted(
    nginx_strips: Proxied, visit: Callable[..., Page], recording: Path
) -> None:
    page = visit(nginx_strips)
    id = send_recording(page, recording)
    page.locator("[data-job]", has_text=recording.name).first.get_by_role("link", name="Open").click()
    expect(page).to_have_url(own(page, f"/transcriptions/{id}"))
    expect(page.locator(".segment__text")).to_have_count(3)
    wait_for(page, "document.querySelector('audio').duration > 8")
    page.evaluate("document.querySelector('audio').currentTime = 5")  # a part of the file is asked for
    wait_for(page, "document.querySelector('audio').currentTime >= 5")

    with page.expect_download() as download:
        page.locator('[data-export="srt"]').click()
    assert "-->" in Path(download.value.path()).read_text("utf-8")

    page.locator("summary", has_text="More").click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page).to_have_url(own(page, "/history"))
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("[data-job]", has_text=recording.name)).to_have_count(1)


def test_a_batch_arrives_in_pieces_and_is_exported(
    nginx_strips: Proxied, visit: Callable[..., Page], tmp_path: Path
) -> None:
    long = tmp_path / "long.wav"
    sound = np.concatenate([babble(1.8), silence(300)])  # 9.7 MB: three pieces
    long.write_bytes(wav_bytes((sound * 32767).astype(np.int16)))
    page = visit(nginx_strips, "/batch")
    pieces: list[int] = []
    page.on("response", lambda answer: answer.request.method == "PATCH" and pieces.append(answer.status))
    page.locator('[data-choose="files"]:visible').first.set_input_files(long)
    page.get_by_label("Name of the batch").fill("Calls")
    page.get_by_role("button", name="Start the batch").click()

    expect(page.get_by_role("heading", level=1, name="Calls")).to_be_visible()
    expect(page).to_have_url(re.compile(rf"{PREFIX}/batch/\w+$"))
    expect(page.locator('.batch-item[data-state="succeeded"]')).to_have_count(1)
    assert len(pieces) >= 3
    page.locator("[data-exports] > summary").click()
    with page.expect_download() as download:
        page.locator('[data-export="srt"]').click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert archive.namelist()


def test_live_recognition_works(proxied: Proxied, visit: Callable[..., Page]) -> None:
    page = visit(proxied, "/live")
    start(page)
    expect(page.locator("[data-finals]")).to_contain_text(ANY_SENTENCE)
    page.get_by_role("button", name="Finish").click()
    in_state(page, "ended")

    page.get_by_role("link", name="Open the transcript").click()

    expect(page).to_have_url(re.compile(rf"^{proxied.address}/transcriptions/\w+$"))
    expect(page.locator(".segment__text").first).to_contain_text(ANY_SENTENCE)


def test_language_and_theme_are_remembered_under_the_path_alone(
    nginx_strips: Proxied, visit: Callable[..., Page]
) -> None:
    page = visit(nginx_strips, "/history?query=x")
    page.get_by_role("button", name="中文").click()

    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page).to_have_url(own(page, "/history?query=x"))
    page.locator("[data-theme-switch]").locator("xpath=..").locator("summary").click()
    page.locator('[data-theme-switch] [value="dark"]').click()
    page.goto(own(page, "/models"))
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    kept = {(cookie["name"], cookie["path"]) for cookie in page.context.cookies(page.url)}
    assert kept == {("language", f"{PREFIX}/"), ("theme", f"{PREFIX}/")}


def test_speech_detection_and_the_journal_know_the_way(
    nginx_strips: Proxied, visit: Callable[..., Page], recording: Path
) -> None:
    page = visit(nginx_strips, "/vad")
    page.locator("[data-file-input]").set_input_files(recording)
    expect(page.locator("[data-speech-list] > li")).to_have_count(3)
    expect(page).to_have_url(re.compile(rf"{PREFIX}/vad\?id="))
    page.reload()
    expect(page.locator("[data-speech-list] > li")).to_have_count(3)
    wait_for(page, "document.querySelector('audio').duration > 8")
    journal = page.evaluate("JSON.parse(sessionStorage.getItem('funasr.journal')).id")
    wait_for(page, "JSON.parse(sessionStorage.getItem('funasr.journal')).pending.length === 0")

    told = page.request.get(own(page, f"/api/v1/journal/{journal}")).json()

    assert {entry["page"] for entry in told["entries"]} == {"/vad"}  # the way to see it again is the same anywhere
    assert PREFIX not in json.dumps(told["entries"])


def test_what_the_browser_keeps_is_kept_for_this_program(nginx_strips: Proxied, visit: Callable[..., Page]) -> None:
    page = visit(nginx_strips, "/live")
    wait_for(page, "indexedDB.databases().then((all) => all.length > 0)")

    names = page.evaluate("indexedDB.databases().then((all) => all.map(({ name }) => name))")

    assert {name.partition("@")[2] for name in names} == {PREFIX}
