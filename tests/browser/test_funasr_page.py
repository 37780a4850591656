"""A page that speaks as FunASR's demo page does, from another port of the same machine."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import hearing
from tests.conftest import REPOSITORY
from tests.engine.sounds import RATE, babble, silence, wav_bytes
from tests.web.live_process import LiveServer

TALK = np.concatenate([silence(0.5), babble(1.5, level=0.3), silence(1.2), babble(1.2, level=0.6), silence(1.5)])


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture(name="page_address", scope="module")
def _page_address() -> Iterator[str]:
    folder = REPOSITORY / "tests" / "data"
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/funasr_page.html"
        server.shutdown()


@pytest.fixture(name="server", scope="module")
def _funasr_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    server = LiveServer(tmp_path_factory.mktemp("funasr") / "data", "EchoEngine", {"funasr_port": "0"})
    server.start()
    yield server
    server.end()


@pytest.fixture(name="sound", scope="module")
def _sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sounds") / "talk.wav"
    path.write_bytes(wav_bytes((TALK * 32767).astype(np.int16), RATE))
    return path


@pytest.fixture(name="open_page")
def _open_page(
    launch: Callable[..., Browser], page_address: str, server: LiveServer, sound: Path
) -> Iterator[Callable[[], Page]]:
    browser = launch(*hearing(f"{sound}%noloop"))
    faults: list[str] = []

    def open_page() -> Page:
        page = browser.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(page_address)
        page.fill("#address", server.funasr_address.replace("http", "ws") + "/wss/")
        return page

    yield open_page
    browser.close()
    assert faults == []


def test_the_page_shows_the_text_of_a_file_with_its_times(open_page: Callable[[], Page], sound: Path) -> None:
    page = open_page()
    page.set_input_files("#file", sound)

    expect(page.locator("#state")).to_have_text("closed")
    lines = page.input_value("#text").splitlines()
    assert [line.partition(":")[2] for line in lines] == ["Level", "3", "Level", "6"]
    times = [float(line.partition(":")[0]) for line in lines]
    assert times == sorted(times)


def test_the_page_shows_what_is_spoken_in_2pass(open_page: Callable[[], Page]) -> None:
    page = open_page()
    page.click("#record")
    expect(page.locator("#text")).to_have_value(expected_text("Level", r"\d+", "Level", r"\d+"))
    page.click("#stop")
    expect(page.locator("#state")).to_have_text("closed")


def expected_text(*words: str) -> re.Pattern[str]:
    """Return the text with any times; the browser's own gain makes the voice louder than it is."""
    return re.compile("".join(rf"[\d.]+:{word}\n" for word in words))
