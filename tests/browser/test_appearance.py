"""Every page fits its window, has both languages, works by keyboard, and is lightweight."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import transcribe, wait_for

FIRST_PAGE_BYTES = 200_000
LARGEST_SHIFT = 0.1  # what the Core Web Vitals call good
LAYOUT_SHIFT = """() => new Promise((tell) => {
    let sum = 0;
    const add = (list) => list.getEntries().forEach(({ value }) => (sum += value));
    new PerformanceObserver(add).observe({ type: 'layout-shift', buffered: true });
    setTimeout(() => tell(sum), 500);
})"""
WIDER_THAN_WINDOW = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
STUCK = """[...document.querySelectorAll('main *')]
    .filter((part) => ['sticky', 'fixed'].includes(getComputedStyle(part).position))
    .reduce((sum, part) => sum + part.offsetHeight, 0) / innerHeight"""
BACKGROUND = "getComputedStyle(document.documentElement).backgroundColor"


@pytest.mark.parametrize(("scheme", "language"), [("light", "zh-CN"), ("dark", "en-GB")])
def test_no_page_is_wider_than_a_phone(
    open_page: Callable[..., Page], recording: Path, scheme: str, language: str
) -> None:
    page = open_page(color_scheme=scheme, locale=language, viewport={"width": 360, "height": 740})
    id = transcribe(page, recording, "a_name_without_any_spaces_" * 6 + ".wav")

    for path in ("/", "/live", "/history", "/models", f"/transcriptions/{id}", "/docs", "/no-such-page"):
        page.goto(path)
        page.wait_for_load_state()

        assert not page.evaluate(WIDER_THAN_WINDOW), path


@pytest.mark.parametrize("size", [(683, 384), (390, 844)], ids=["at 200 %", "phone"])
def test_what_sticks_leaves_two_thirds_of_the_window(
    open_page: Callable[..., Page], finished: str, size: tuple[int, int]
) -> None:
    page = open_page(viewport={"width": size[0], "height": size[1]})
    batch = page.request.post("/api/v1/batches", data={"name": "calls"}).json()["id"]

    for path in ("/", "/live", "/history", f"/batch?id={batch}", "/vad", "/settings", f"/transcriptions/{finished}"):
        page.goto(path)
        page.wait_for_load_state()
        wait_for(page, f"{STUCK} <= 1 / 3")
    page.get_by_role("button", name="Find and replace").click()
    expect(page.locator(".find")).to_be_visible()
    wait_for(page, f"{STUCK} <= 1 / 3")


def test_a_phone_opens_the_pages_by_a_button_and_closes_them_by_escape(
    open_page: Callable[..., Page],
) -> None:
    page = open_page("/history", viewport={"width": 360, "height": 740})
    pages = page.get_by_role("navigation", name="Pages", exact=True)
    expect(pages).to_be_hidden()

    page.get_by_role("button", name="Pages").click()
    expect(pages.get_by_role("link", name="History", exact=True)).to_have_attribute("aria-current", "page")
    expect(pages.get_by_role("link", name="Settings")).to_be_in_viewport(ratio=1)
    page.keyboard.press("Escape")
    expect(pages).to_be_hidden()
    page.get_by_role("button", name="Pages").click()
    pages.get_by_role("link", name="Recognition").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("A recording goes in, text comes out")


def test_a_chinese_browser_gets_chinese_and_can_switch(open_page: Callable[..., Page]) -> None:
    page = open_page(locale="zh-CN")
    expect(page.get_by_role("heading", level=1)).to_have_text("上传录音，转成文字")

    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("button", name="Start recognition")).to_be_visible()
    page.get_by_role("link", name="History", exact=True).click()

    expect(page.get_by_role("heading", level=1)).to_have_text("History")


def test_the_theme_changes_at_once_and_stays(open_page: Callable[..., Page]) -> None:
    page = open_page(color_scheme="light")
    light = page.evaluate(BACKGROUND)

    page.get_by_label("Colours").click()
    page.get_by_role("button", name="Dark").click()
    dark = page.evaluate(BACKGROUND)
    page.goto("/history")

    assert dark != light
    assert page.evaluate(BACKGROUND) == dark


def test_the_system_theme_is_followed_by_default(open_page: Callable[..., Page]) -> None:
    light, dark = (open_page(color_scheme=scheme).evaluate(BACKGROUND) for scheme in ("light", "dark"))

    assert light != dark


def test_a_recording_can_be_transcribed_and_opened_by_keyboard_alone(page: Page, recording: Path) -> None:
    page.once("filechooser", lambda chooser: chooser.set_files(recording))
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("[data-file-input]")).to_be_focused()
    page.keyboard.press("Space")
    expect(page.get_by_text("Ready to start: 1")).to_be_visible()
    page.keyboard.press("Control+Enter")
    row = page.locator("[data-job]").first
    expect(row).to_have_attribute("data-state", "succeeded")

    row.get_by_role("link", name="Open").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".waveform__speech")).to_have_count(3)
    page.locator(".segment__time").nth(2).focus()
    page.keyboard.press("Enter")

    wait_for(page, "document.querySelector('audio').currentTime > 6")


@pytest.mark.parametrize("width", [360, 1280])
def test_no_page_jumps_while_it_loads(open_page: Callable[..., Page], finished: str, width: int) -> None:
    page = open_page(viewport={"width": width, "height": 800})
    listed = page.locator("nav.nav a").evaluate_all("links => links.map((link) => link.getAttribute('href'))")
    jumps: dict[str, float] = {}

    for path in (*listed, f"/transcriptions/{finished}"):
        page.goto(path)
        page.wait_for_load_state("load")
        jumps[path] = page.evaluate(LAYOUT_SHIFT)

    assert {path: jump for path, jump in jumps.items() if jump > LARGEST_SHIFT} == {}


@pytest.mark.parametrize("language", ["en-GB", "zh-CN"])
def test_the_first_page_is_light(open_page: Callable[..., Page], finished: str, language: str) -> None:
    page = open_page("/no-such-page", locale=language)
    loaded = bytes_of_a_visit(page, "/")

    assert len(loaded) > 20
    assert f"{page.url}api/v1/system" in loaded
    assert not [address for address in loaded if not address.startswith(page.url)]
    assert sum(loaded.values()) <= FIRST_PAGE_BYTES, sorted(loaded.items(), key=lambda pair: -pair[1])[:10]


def bytes_of_a_visit(page: Page, path: str) -> dict[str, int]:
    """Return what came over the wire, headers and all, for each address; nothing comes from the browser's cache."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("Network.enable")
    devtools.send("Network.setCacheDisabled", {"cacheDisabled": True})
    addresses: dict[str, str] = {}
    sizes: dict[str, int] = {}
    devtools.on("Network.responseReceived", lambda got: addresses.update({got["requestId"]: got["response"]["url"]}))
    devtools.on("Network.loadingFinished", lambda got: sizes.update({got["requestId"]: got["encodedDataLength"]}))
    with page.expect_response("**/api/v1/system"):  # the state of the model is asked for once the page stands
        page.goto(path)
    wait_for(page, "document.querySelector('[data-model]').dataset.state")
    page.wait_for_load_state("load")
    expect(page.locator("[data-model] [data-field=state]")).not_to_be_empty()
    page.wait_for_load_state("networkidle")
    devtools.detach()
    return {addresses[request]: size for request, size in sizes.items() if request in addresses}


def test_an_unknown_address_leads_back_and_names_the_request(page: Page) -> None:
    page.goto("/no-such-page")

    expect(page.get_by_text("There is nothing at /no-such-page.")).to_be_visible()
    expect(page.get_by_text("not_found")).to_be_visible()
    expect(page.get_by_text("logs/app.log")).to_be_visible()
    page.get_by_role("link", name="To the first page").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("A recording goes in, text comes out")


def test_every_control_has_a_name(page: Page, finished: str) -> None:
    for path in ("/", "/live", "/history", "/models", f"/transcriptions/{finished}"):
        page.goto(path)

        nameless = page.evaluate(
            """() => [...document.querySelectorAll('button, a[href], input:not([type=hidden]), select, textarea')]
                .filter((control) => control.checkVisibility())
                .filter((control) => !(control.textContent.trim() || control.ariaLabel || control.labels?.length))
                .map((control) => control.outerHTML)"""
        )
        assert nameless == [], path
