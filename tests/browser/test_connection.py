"""The page shows a lost connection, and catches up when the server is back."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.browser.conftest import serving
from tests.browser.contexts import new_context
from tests.conftest import data_folder


def test_a_restart_of_the_server_is_told_and_the_job_goes_on(
    browser: Browser, tmp_path: Path, empty: Path, long_recording: Path
) -> None:
    with serving(data_folder(tmp_path / "data", empty)) as server:
        page = new_context(browser, server.address).new_page()
        page.goto("/")
        page.locator("[data-file-input]").set_input_files(long_recording)
        page.keyboard.press("Control+Enter")
        row = page.locator("[data-job]").first
        expect(row.locator('[data-field="detail"]')).to_contain_text("pieces")

        server.stop()
        expect(page.get_by_text("No connection to the server.")).to_be_visible()
        server.start()

        expect(page.get_by_text("No connection to the server.")).to_be_hidden()
        expect(row).to_have_attribute("data-state", "succeeded")
        page.context.close()
