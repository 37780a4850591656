"""Every page passes axe-core's rules of WCAG 2.2 AA, in both themes and both languages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.web.routes import page_paths
from tests.browser.axe import broken_rules_in_both_themes, check_accessible

VIEWS = ("/history?view=statistics", "/history?view=trash", "/no-such-page")
# One operation of the API is described like the other; all of them take a minute.
SHORTENED = "document.querySelectorAll('.docs > section:nth-of-type(n + 4)').forEach((each) => each.remove())"


def pages_of(finished: str) -> list[str]:
    """Return every page, among them a transcript and one that is not there."""
    return [*page_paths(), f"/transcriptions/{finished}", *VIEWS]


@pytest.mark.parametrize(("locale", "width"), [("zh-CN", 1280), ("en-GB", 360)])
def test_no_page_breaks_a_rule_in_either_theme(
    open_page: Callable[..., Page], finished: str, locale: str, width: int
) -> None:
    page = open_page(locale=locale, color_scheme="light", viewport={"width": width, "height": 800})
    complaints: list[str] = []

    for path in pages_of(finished):
        page.goto(path)
        page.wait_for_load_state("load")
        page.evaluate(SHORTENED)
        complaints += broken_rules_in_both_themes(page)

    assert complaints == [], "\n".join(complaints)


def test_the_dialog_of_shortcuts_breaks_no_rule(page: Page) -> None:
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()

    check_accessible(page)


def test_files_that_wait_and_files_that_were_refused_break_no_rule(page: Page, recording: Path, tmp_path: Path) -> None:
    big = tmp_path / "big.wav"
    big.write_bytes(bytes(3 * 2**20))
    page.locator("[data-file-input]").set_input_files([recording, big])
    expect(page.locator("[data-staged] > *")).to_have_count(2)

    check_accessible(page)


def test_a_question_breaks_no_rule(page: Page) -> None:
    page.get_by_label("Hotwords", exact=True).fill("转写")
    page.get_by_role("button", name="Save as a list").click()
    expect(page.get_by_role("dialog", name="Save as a list")).to_be_visible()

    check_accessible(page)
