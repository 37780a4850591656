"""What is wrong with the server stands above every page; a reader can close it until something changes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.axe import check_accessible
from tests.browser.conftest import Server, new_context, serving, wait_for
from tests.waiting import wait_until

LEAST_SPACE = 8  # pixels between the banner and what is above and below it


@pytest.fixture(name="note", scope="module")
def _note(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Names the file that the model lacks; empty where it is whole."""
    note = tmp_path_factory.mktemp("note") / "missing"
    note.write_text("train.yaml")
    return note


@pytest.fixture(name="ill", scope="module")
def _ill(tmp_path_factory: pytest.TempPathFactory, note: Path) -> Iterator[Server]:
    """A server whose model does not load."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MISSING_FILE_NOTE", str(note))
        with serving(tmp_path_factory.mktemp("ill"), engine="refuse") as server:
            wait_until(lambda: b'"state":"failed"' in system(server))
            yield server


def system(server: Server) -> bytes:
    with urlopen(f"{server.address}/api/v1/system") as answer:  # noqa: S310 - the address is the test's own
        return bytes(answer.read())


def banner(page: Page) -> Locator:
    return page.locator('[data-health="model"]')


def load_model(page: Page, note: Path, missing: str) -> None:
    """Let the model lack another file, and load it again."""
    note.write_text(missing)
    page.request.post("/api/v1/system/model/load")
    told = (
        f"fetch('/api/v1/system').then((answer) => answer.text()).then((text) => text.includes('{missing}'))"
    )
    wait_for(page, told if missing else "fetch('/ready').then(({ ok }) => ok)")
    page.reload()


def open_ill(browser: Browser, ill: Server, path: str = "/history", **options: object) -> Page:
    page = new_context(browser, ill.address, **options).new_page()
    page.goto(path)
    return page


@pytest.mark.parametrize("width", [360, 1280])
def test_the_banner_stands_above_the_page_with_space(browser: Browser, ill: Server, width: int) -> None:
    page = open_ill(browser, ill, viewport={"width": width, "height": 800})

    expect(banner(page)).to_contain_text("train.yaml")
    header, box, main, heading = (
        place.bounding_box()
        for place in (page.locator(".site-header"), banner(page), page.locator("main"), page.locator("h1"))
    )
    assert header
    assert box
    assert main
    assert heading
    assert header["y"] + header["height"] <= box["y"]
    assert box["y"] + box["height"] + LEAST_SPACE <= main["y"]
    assert box["y"] + box["height"] + 2 * LEAST_SPACE <= heading["y"]
    assert box["x"] >= LEAST_SPACE
    assert box["x"] + box["width"] <= width - LEAST_SPACE
    check_accessible(page)
    page.context.close()


def test_a_closed_banner_stays_closed_until_the_fact_changes(
    browser: Browser, ill: Server, note: Path
) -> None:
    page = open_ill(browser, ill)
    other = open_ill(browser, ill, locale="zh-CN")

    page.get_by_role("button", name=re.compile("^Close: .*train.yaml")).focus()
    page.keyboard.press("Enter")
    expect(banner(page)).to_be_hidden()
    expect(page.locator("main")).to_be_focused()
    page.goto("/vad")
    expect(page.locator("h1")).to_be_visible()
    expect(banner(page)).to_be_hidden()
    page.context.add_cookies([{"name": "language", "value": "zh", "url": ill.address}])
    page.reload()
    expect(banner(page)).to_be_hidden()  # the fact is the same in another language
    expect(banner(other)).to_be_visible()
    expect(other.get_by_role("button", name=re.compile("^关闭："))).to_be_visible()

    load_model(page, note, "units.txt")
    expect(banner(page)).to_contain_text("units.txt")
    page.locator('[data-action="close-banner"]').click()
    expect(banner(page)).to_be_hidden()

    load_model(page, note, "")
    expect(banner(page)).to_have_count(0)
    page.request.post("/api/v1/system/model/unload")
    load_model(page, note, "units.txt")
    expect(banner(page)).to_be_visible()  # it was well in between
    page.context.close()
    other.context.close()
