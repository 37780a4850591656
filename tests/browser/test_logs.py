"""The log page: it follows new lines, filters by request, and changes the level of a running server."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect


def test_the_page_follows_and_narrows_to_the_request_that_failed(open_page: Callable[..., Page]) -> None:
    page = open_page("/logs")
    page.request.get("/api/v1/transcriptions/does-not-exist")
    line = page.locator(".log-entry", has_text="/transcriptions/does-not-exist").last

    expect(line).to_be_visible()
    line.hover()
    line.get_by_role("button", name="This request").click()

    expect(page).to_have_url(re.compile(r"request_id="))
    expect(page.locator(".log-entry", has_text="transcription_not_found")).to_have_count(1)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    text = Path(download.value.path()).read_text(encoding="utf-8")
    assert text
    assert {re.search(r"request=(\S+)", entry).group(1) for entry in text.splitlines()} == {  # type: ignore[union-attr]
        page.get_by_label("Request id").input_value()
    }


def test_the_level_changes_while_the_server_runs(open_page: Callable[..., Page]) -> None:
    page = open_page("/logs")

    page.get_by_label("Write from now on").select_option("DEBUG")
    expect(page.locator('[data-field="state"]')).to_contain_text("From now on DEBUG")
    page.request.get("/api/v1/health")

    expect(page.locator('.log-entry[data-level="DEBUG"]').first).to_be_attached()
    assert "From now on DEBUG" in page.locator('[data-field="state"]').inner_text()
    page.get_by_label("At least").select_option("INFO")
    expect(page.locator('.log-entry[data-level="DEBUG"]')).to_have_count(0)
    page.get_by_label("Write from now on").select_option("INFO")
    expect(page.get_by_text("From now on INFO")).to_be_visible()
