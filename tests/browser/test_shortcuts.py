"""`?` lists a page's keyboard shortcuts, and never interferes."""

from __future__ import annotations

from playwright.sync_api import Page, expect


def test_a_question_mark_opens_the_shortcuts_and_escape_leads_back(page: Page) -> None:
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    page.get_by_role("button", name="Record").focus()

    page.keyboard.press("?")
    expect(dialog.get_by_text("Start recognition")).to_be_visible()
    expect(dialog.locator("kbd", has_text="Ctrl")).to_be_visible()
    page.keyboard.press("Escape")

    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Record")).to_be_focused()


def test_every_page_has_the_dialog_and_its_button(page: Page, finished: str) -> None:
    for path in ("/history", "/models", "/settings", "/vad", "/batch", f"/transcriptions/{finished}"):
        page.goto(path)

        page.get_by_role("button", name="Keyboard shortcuts").click()
        expect(page.get_by_role("dialog").get_by_text("Show all shortcuts")).to_be_visible()


def test_a_question_mark_in_a_field_is_text(page: Page) -> None:
    page.get_by_label("Hotwords", exact=True).fill("")
    page.get_by_label("Hotwords", exact=True).press_sequentially("who?")

    expect(page.get_by_label("Hotwords", exact=True)).to_have_value("who?")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_single_keys_can_be_off_and_the_button_still_opens_the_dialog(page: Page) -> None:
    page.keyboard.press("?")
    page.get_by_role("switch", name="Single keys are shortcuts").uncheck()
    page.keyboard.press("Escape")
    page.reload()

    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="Keyboard shortcuts").click()

    expect(page.get_by_role("switch", name="Single keys are shortcuts")).not_to_be_checked()
