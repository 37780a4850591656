"""The doctor's page: it checks both sides, and names what blocks a browser from its server."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import Server, hearing
from tests.browser.contexts import new_context
from tests.browser.line import Line
from tests.engine.sounds import silence, wav_bytes

BROWSER_CHECKS = (
    "secure_context",
    "microphone",
    "audio_worklet",
    "requests",
    "websocket",
    "events",
    "browser_clock",
    "upload",
)


def line_of(page: Page, check: str) -> Locator:
    return page.locator(f'[data-check="{check}"]')


def test_both_sides_are_examined_and_the_report_can_be_taken_away(open_page: Callable[..., Page]) -> None:
    page = open_page("/doctor", permissions=["clipboard-read", "clipboard-write"])

    expect(line_of(page, "python")).to_have_attribute("data-status", "ok")
    for check in (
        "secure_context",
        "audio_worklet",
        "requests",
        "websocket",
        "events",
        "browser_clock",
        "upload",
    ):
        expect(line_of(page, check)).to_have_attribute("data-status", "ok")
    expect(page.locator("[data-side][aria-busy]")).to_have_count(0)

    page.get_by_role("button", name="Copy the report").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    report = json.loads(page.evaluate("navigator.clipboard.readText()"))
    assert {check["id"] for check in report["this_browser"]} == set(BROWSER_CHECKS)
    assert "torch_pair" in {check["id"] for check in report["server"]}


def test_a_proxy_that_drops_the_upgrade_to_a_socket_is_named_with_its_cure(browser: Browser, server: Server) -> None:
    with Line(urlsplit(server.address).port or 0, drops_upgrades=True) as line:
        page = new_context(browser, line.address).new_page()
        page.goto("/doctor")

        expect(line_of(page, "websocket")).to_have_attribute("data-status", "failure")
        expect(line_of(page, "websocket")).to_contain_text("Upgrade")
        expect(line_of(page, "requests")).to_have_attribute("data-status", "ok")
        page.context.close()


def test_an_insecure_address_is_named_with_what_to_do(from_afar: Page) -> None:
    from_afar.goto("/doctor")

    expect(line_of(from_afar, "secure_context")).to_have_attribute("data-status", "failure")
    expect(line_of(from_afar, "secure_context")).to_contain_text("localhost")
    expect(line_of(from_afar, "secure_context")).to_contain_text("HTTPS")


def test_a_microphone_that_hears_nothing_is_told(
    launch: Callable[..., Browser], server: Server, tmp_path: Path
) -> None:
    quiet = tmp_path / "quiet.wav"
    quiet.write_bytes(wav_bytes((silence(6.0) * 32767).astype(np.int16)))
    browser = launch(*hearing(quiet))
    page = new_context(browser, server.address, permissions=["microphone"]).new_page()
    page.goto("/doctor")

    page.get_by_role("button", name="Listen to the microphone").click()

    expect(line_of(page, "microphone_level")).to_have_attribute("data-status", "warning")
    expect(line_of(page, "microphone_level")).to_contain_text("sound settings")
    browser.close()
