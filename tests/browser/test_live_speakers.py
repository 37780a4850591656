"""Speakers of one microphone on the live page: a label beside each sentence, which may change until the end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Page, WebSocketRoute, expect

from tests.browser.axe import check_accessible
from tests.browser.conftest import Server, Watch, hearing, serving
from tests.browser.contexts import new_context
from tests.browser.voice import write_voice
from tests.conftest import data_folder
from tests.engine.speakers.voices import write_networks

VOICE_SECONDS = 40


@pytest.fixture(name="server", scope="module")
def _server(tmp_path_factory: pytest.TempPathFactory, empty: Path) -> Iterator[Server]:
    """A server with a model of speakers, whose weights are made up: what sounds the same is alike all the same."""
    models = tmp_path_factory.mktemp("models")
    (models / "speakers").mkdir()
    write_networks(models / "speakers", hears_one=True)
    with serving(data_folder(tmp_path_factory.mktemp("live-speakers"), empty), f"models_dir={models}") as server:
        yield server


@pytest.fixture(name="live")
def _live(launch: Callable[..., Browser], server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    voice = write_voice(tmp_path_factory.mktemp("sounds") / "voice.wav", VOICE_SECONDS)
    browser = launch(*hearing(f"{voice}%noloop"))
    page = new_context(browser, server.address, permissions=["microphone"]).new_page()
    watch = Watch(page, server.address)
    yield page
    assert watch.complaints == []
    browser.close()


def test_who_speaks_stands_beside_the_sentences_and_may_change(live: Page) -> None:
    connections: list[WebSocketRoute] = []

    def listen(client: WebSocketRoute) -> None:
        connections.append(client)
        client.connect_to_server()

    live.route_web_socket("**/api/v1/live", listen)
    live.goto("/live")
    note = live.get_by_text("Who speaks may still change until the session ends.")
    choice = live.get_by_label("Speakers")
    expect(note).to_be_hidden()
    choice.select_option("auto")
    live.get_by_role("button", name="Start", exact=True).click()

    first, second = (live.locator("[data-finals] li").nth(place) for place in range(2))
    expect(first.locator("[data-field=speaker]")).to_have_text("Speaker 1")
    expect(second.locator("[data-field=speaker]")).to_have_text("Speaker 1")
    expect(first).to_have_attribute("data-speaker-colour", "1")
    expect(note).to_be_visible()
    expect(choice).to_be_disabled()
    with suppress(Error):  # the connection may be another one by now
        connections[-1].send(json.dumps({"type": "speakers", "speakers": [{"segment": 0, "speaker": 9}]}))
    expect(first.locator("[data-field=speaker]")).to_have_text("Speaker 9")
    expect(first).to_have_attribute("data-speaker-colour", "1")
    expect(second.locator("[data-field=speaker]")).to_have_text("Speaker 1")
    check_accessible(live)

    live.reload()  # the server has the labels, and tells them again
    expect(live.locator("[data-finals] li").first.locator("[data-field=speaker]")).to_have_text("Speaker 1")
    live.get_by_role("button", name="Finish").click()
    live.get_by_role("link", name="Open the transcript").click()
    expect(live.locator(".speaker-label").first).to_have_text("Speaker 1")


def test_nobody_is_told_apart_who_did_not_ask(live: Page) -> None:
    live.goto("/live")
    live.get_by_role("button", name="Start", exact=True).click()
    expect(live.locator("[data-finals] li").nth(1)).to_be_visible()

    expect(live.locator("[data-finals] [data-field=speaker]").first).to_be_hidden()
    live.get_by_role("button", name="Finish").click()
    expect(live.get_by_role("link", name="Open the transcript")).to_be_visible()
