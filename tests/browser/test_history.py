"""The history: find a transcription again, or remove it."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import transcribe


def test_typing_searches_names_and_texts(page: Page, recording: Path) -> None:
    transcribe(page, recording, "needle-in-name.wav")
    page.goto("/history")
    box = page.get_by_role("searchbox")

    box.press_sequentially("needle-in", delay=20)
    expect(page.locator("[data-job]")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"query=needle-in"))
    expect(box).to_be_focused()

    box.fill("订单增长")
    expect(page.locator("mark").first).to_have_text("订单增长")


def test_the_search_works_without_scripts(page: Page, recording: Path) -> None:
    transcribe(page, recording, "plain-form.wav")

    page.goto("/history?query=plain-form")

    expect(page.locator("[data-job]")).to_have_count(1)
    expect(page.get_by_role("searchbox")).to_have_value("plain-form")


def test_only_one_state_is_shown_when_asked(page: Page, recording: Path) -> None:
    transcribe(page, recording)
    page.goto("/history")

    page.get_by_role("search").get_by_text("Done", exact=True).click()

    expect(page).to_have_url(re.compile("state=succeeded"))
    states = page.locator("[data-job]").evaluate_all("rows => rows.map((row) => row.dataset.state)")
    assert set(states) == {"succeeded"}


def test_nothing_found_says_what_to_try(page: Page) -> None:
    page.goto("/history?query=there-is-no-such-word")

    expect(page.get_by_text("Nothing fits.")).to_be_visible()
    expect(page.get_by_role("link", name="Show all")).to_be_visible()


def test_a_row_is_deleted_after_a_question(page: Page, recording: Path) -> None:
    transcribe(page, recording, "unwanted.wav")
    page.goto("/history?query=unwanted.wav")

    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("dialog").get_by_text("unwanted.wav")).to_be_visible()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()

    expect(page.locator("[data-job]")).to_have_count(0)
    page.reload()
    expect(page.locator("[data-job]")).to_have_count(0)


def test_many_transcriptions_are_turned_page_by_page(page: Page, tmp_path: Path) -> None:
    text = tmp_path / "paged.wav"
    text.write_text("no sound")
    for _ in range(21):
        transcribe(page, text)

    page.goto("/history?query=paged")
    expect(page.locator("[data-job]")).to_have_count(20)
    page.get_by_role("link", name="Older").click()

    expect(page.locator("[data-job]")).to_have_count(1)
    expect(page.get_by_role("link", name="Newer")).to_be_visible()


def test_a_row_that_another_window_adds_appears_by_itself(page: Page, recording: Path) -> None:
    page.goto("/history")

    transcribe(page, recording, "from-elsewhere.wav")

    expect(page.locator("[data-job]").first.locator('[data-field="name"]')).to_have_text("from-elsewhere.wav")
