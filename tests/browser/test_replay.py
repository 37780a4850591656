"""A support case is replayed from the page with the real process, and the verdict is shown in plain words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.paths import builtin_model_dir
from tests.browser.conftest import API


@pytest.mark.skipif(not (builtin_model_dir() / "golden.json").is_file(), reason="needs models/builtin")
def test_a_case_is_chosen_run_and_explained_and_the_address_leads_back(
    open_page: Callable[..., Page], finished: str, tmp_path: Path
) -> None:
    page = open_page("/doctor")
    page.get_by_role("link", name="Run a support case again").click()
    page.wait_for_url("**/replay*")  # loaded, with its scripts
    expect(page.get_by_role("button", name="Run again")).to_be_disabled()
    case = tmp_path / "case.zip"
    case.write_bytes(page.request.get(f"{API}/{finished}/case?audio=whole").body())
    page.locator("[data-file-input]").set_input_files(case)
    expect(page.get_by_text("case.zip", exact=False).first).to_be_visible()
    page.get_by_label("Device").select_option("cpu")
    page.get_by_role("button", name="Run again").click()

    # The test's engine wrote the text of then; the process has the built-in model.
    expect(page.get_by_role("heading", name="Not reproduced")).to_be_visible()
    expect(page.get_by_role("rowheader", name="Device")).to_be_visible()
    expect(page.locator(".compare del").first).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Not reproduced")).to_be_visible()


def test_a_case_without_sound_and_a_file_that_is_no_case_say_why(
    open_page: Callable[..., Page], finished: str, tmp_path: Path
) -> None:
    page = open_page("/replay", locale="zh-CN")
    silent, notes = tmp_path / "silent.zip", tmp_path / "notes.zip"
    silent.write_bytes(page.request.get(f"{API}/{finished}/case?audio=hash").body())
    notes.write_text("no zip")

    page.locator("[data-file-input]").set_input_files(silent)
    page.get_by_role("button", name="开始重放").click()
    expect(page.get_by_role("heading", name="无法比较")).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="支持包里没有声音。")).to_be_attached()

    page.locator("[data-file-input]").set_input_files(notes)
    page.get_by_role("button", name="开始重放").click()
    expect(page.get_by_role("alert").get_by_text("notes.zip 不是支持包")).to_be_visible()
    expect(page.get_by_role("heading", name="无法比较")).to_be_hidden()
