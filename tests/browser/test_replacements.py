"""Rules of replacement in the pages: given with a recording, marked in its text, tried on an old one and saved for all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.axe import check_accessible

LISTS = "/api/v1/replacement-lists"


def test_a_replaced_word_is_underlined_and_tells_what_it_was(page: Page, recording: Path) -> None:
    page.locator("summary", has_text="Rules of replacement").click()
    page.get_by_label("For these recordings").fill("订单 => 单子\nword: monday => Tuesday")
    page.locator("[data-file-input]").set_input_files(recording)
    page.get_by_role("button", name="Start recognition").click()
    page.locator(".result").get_by_role("link", name="Open").click()

    marked = page.locator(".word.is-replaced")
    expect(marked.first).to_be_visible()
    told = {each.inner_text(): each.get_attribute("title") for each in marked.all()}
    assert told.items() <= {("单子", "Replaced; before: 订单"), ("Tuesday", "Replaced; before: Monday")}
    expect(page.locator("[data-receipt]")).to_contain_text("Places that the rule changed: 1")
    check_accessible(page)
    page.reload()
    expect(page.locator(".word.is-replaced").first).to_be_visible()


def test_rules_are_tried_on_a_text_before_they_are_saved_for_all(transcribed: Page) -> None:
    text = transcribed.locator(".segment__text").all_inner_texts()
    transcribed.get_by_role("button", name="Rules of replacement …").click()
    dialog = transcribed.get_by_role("dialog", name="Rules of replacement")
    rules = dialog.get_by_label("Rules", exact=True)
    rules.fill("增长 => 上涨\nnowhere => x")
    dialog.get_by_role("button", name="Try").click()

    expect(dialog.locator('[data-field="outcome"]')).to_contain_text("Without effect here: nowhere => x")
    expect(dialog.locator("ins")).to_have_text(["上涨"])
    check_accessible(transcribed)
    rules.fill("no arrow")
    dialog.get_by_role("button", name="Try").click()
    expect(dialog.get_by_role("alert")).to_contain_text("has no “wrong => right”")
    rules.fill("增长 => 上涨")
    dialog.get_by_role("button", name="Save for all recordings").click()
    expect(dialog).to_be_hidden()

    assert transcribed.locator(".segment__text").all_inner_texts() == text
    transcribed.goto("/settings")
    setting = transcribed.get_by_role("textbox", name="Rules of replacement")
    expect(setting).to_have_value("增长 => 上涨")
    setting.fill("")
    transcribed.get_by_role("button", name="Save", exact=True).click()
    expect(transcribed.locator('[data-save-bar] [data-field="summary"]')).to_have_text("Saved")


def test_rules_that_were_tried_are_kept_as_a_list_and_chosen_for_the_next_recording(transcribed: Page) -> None:
    transcribed.get_by_role("button", name="Rules of replacement …").click()
    dialog = transcribed.get_by_role("dialog", name="Rules of replacement")
    dialog.get_by_label("Rules", exact=True).fill("增长 => 上涨")
    dialog.get_by_role("button", name="Save as a list").click()
    naming = transcribed.get_by_role("dialog", name="Save as a list")
    naming.get_by_label("Name").fill("economy")
    naming.get_by_label("Name").press("Enter")
    expect(dialog.get_by_text("Saved as a list.")).to_be_visible()
    expect(dialog.get_by_label("Lists of rules").locator("option:checked")).to_have_text("economy (1)")

    transcribed.goto("/")
    transcribed.locator("summary", has_text="Rules of replacement").click()
    transcribed.get_by_label("Lists of rules").select_option("economy (1)")

    expect(transcribed.get_by_label("For these recordings")).to_have_value("增长 => 上涨")
    check_accessible(transcribed)
    [kept] = transcribed.request.get(LISTS).json()["lists"]
    transcribed.request.delete(f"{LISTS}/{kept['id']}")


def test_fillers_are_left_out_on_request(open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.get_by_role("switch", name="Leave out um, uh, 嗯").check()
    page.reload()

    expect(page.get_by_role("switch", name="Leave out um, uh, 嗯")).to_be_checked()
