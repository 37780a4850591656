"""Saved hotword lists beside the field: choose, save, update, delete; no word is lost by accident."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import check_accessible

LISTS = "/api/v1/hotword-lists"


@pytest.fixture(name="page")
def _page(open_page) -> Iterator[Page]:
    """The first page; afterwards there are no lists again."""
    page = open_page()
    yield page
    for kept in page.request.get(LISTS).json()["lists"]:
        page.request.delete(f"{LISTS}/{kept['id']}")


def keep(page: Page, name: str, words: str) -> None:
    assert page.request.post(LISTS, data={"name": name, "words": words}).status == 201


def test_words_are_saved_as_a_list_and_chosen_again(page: Page) -> None:
    page.get_by_label("Hotwords", exact=True).fill("转写\nConformer:30")
    page.get_by_role("button", name="Save as a list").click()
    page.get_by_label("Name").fill("技术词汇")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved as a list.")).to_be_visible()
    expect(page.get_by_label("Saved lists")).to_have_value(page.request.get(LISTS).json()["lists"][0]["id"])

    page.get_by_label("Saved lists").select_option("")
    page.get_by_label("Hotwords", exact=True).fill("")
    page.reload()
    page.get_by_label("Saved lists").select_option("技术词汇 (2)")

    expect(page.get_by_label("Hotwords", exact=True)).to_have_value("转写\nConformer:30")
    check_accessible(page)


def test_enter_saves_and_cancel_leaves_everything_as_it_was(page: Page) -> None:
    page.get_by_label("Hotwords", exact=True).fill("转写")
    page.get_by_role("button", name="Save as a list").click()
    page.get_by_label("Name").fill("不要")
    page.get_by_role("button", name="Cancel").press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert page.request.get(LISTS).json()["lists"] == []

    page.get_by_role("button", name="Save as a list").click()
    page.get_by_label("Name").fill("技术词汇")
    page.get_by_label("Name").press("Enter")

    expect(page.get_by_text("Saved as a list.")).to_be_visible()
    assert [kept["name"] for kept in page.request.get(LISTS).json()["lists"]] == ["技术词汇"]


def test_a_name_that_is_taken_is_told_in_the_dialog(page: Page) -> None:
    keep(page, "产品", "小度")
    page.get_by_label("Hotwords", exact=True).fill("转写")
    page.get_by_role("button", name="Save as a list").click()
    page.get_by_label("Name").fill("产品")
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.get_by_role("dialog").get_by_text("There is already a list of hotwords named 产品.")).to_be_visible()
    page.get_by_label("Name").fill("产品二")
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.get_by_role("dialog")).to_have_count(0)


def test_words_that_are_in_no_list_are_only_replaced_when_asked(page: Page) -> None:
    keep(page, "产品", "小度")
    page.reload()
    page.get_by_label("Hotwords", exact=True).fill("只在这里")

    page.get_by_label("Saved lists").select_option("产品 (1)")
    page.get_by_role("dialog").get_by_role("button", name="Keep").click()
    expect(page.get_by_label("Hotwords", exact=True)).to_have_value("只在这里")
    expect(page.get_by_label("Saved lists")).to_have_value("")
    page.get_by_label("Saved lists").select_option("产品 (1)")
    page.get_by_role("dialog").get_by_role("button", name="Replace").click()

    expect(page.get_by_label("Hotwords", exact=True)).to_have_value("小度")


def test_a_chosen_list_is_updated_and_deleted(page: Page) -> None:
    keep(page, "产品", "小度")
    page.reload()
    page.get_by_label("Saved lists").select_option("产品 (1)")
    expect(page.get_by_role("button", name="Update the list")).to_be_hidden()

    page.get_by_label("Hotwords", exact=True).fill("小度\n天猫精灵")
    page.get_by_role("button", name="Update the list").click()
    expect(page.get_by_label("Saved lists").locator("option:checked")).to_have_text("产品 (2)")
    page.get_by_role("button", name="Delete the list").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()

    expect(page.get_by_text("The list is deleted.")).to_be_visible()
    expect(page.get_by_label("Saved lists")).to_be_hidden()
    expect(page.get_by_label("Hotwords", exact=True)).to_have_value("小度\n天猫精灵")


def test_the_field_works_where_lists_cannot_be_read(page: Page) -> None:
    page.route(f"**{LISTS}", lambda route: route.fulfill(status=404))
    page.reload()

    page.get_by_label("Hotwords", exact=True).fill("转写")

    expect(page.get_by_label("Saved lists")).to_be_hidden()
