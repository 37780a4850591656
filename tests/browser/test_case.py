"""The support case in a real browser: previewed, then saved; findings are shown with their fixes."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from playwright.sync_api import Page, expect
from sqlalchemy import select, update

from app.store.tables import segments, transcriptions
from tests.browser.conftest import Server, transcribe
from tests.databases import database_in

WRONG = {
    "sample_rate": 8000,
    "channel_levels": [],
    "sound": [{"loud_db": -20, "floor_db": -60, "clipped_share": 0, "band_drop_db": 80, "tones_share": 0}],
}


def test_a_case_is_shown_file_by_file_before_it_is_saved(transcribed: Page, tmp_path: Path) -> None:
    page = transcribed
    page.get_by_text("More", exact=True).last.click()
    page.get_by_role("button", name="Support case …").last.click()
    dialog = page.get_by_role("dialog", name="Support case")
    expect(dialog.get_by_text("files, about")).to_be_visible()
    expect(dialog.locator("[data-files] li")).not_to_have_count(0)

    dialog.get_by_text("log/job.log", exact=True).click()
    expect(dialog.get_by_text("segment_finished").first).to_be_visible()
    expect(dialog.get_by_text("Names of recordings", exact=False).first).to_be_visible()
    expect(dialog.get_by_text("audio/whole.flac", exact=True)).to_have_count(0)
    dialog.get_by_label("All of it").check()
    expect(dialog.get_by_text("audio/whole.flac", exact=True)).to_be_visible()
    dialog.get_by_role("button", name="Examine the server first").click()
    expect(dialog.get_by_text("Examining the server …")).to_be_visible()
    expect(dialog.get_by_text("files, about")).to_be_visible()
    with page.expect_download() as download:
        dialog.get_by_role("link", name="Save the case").click()
    download.value.save_as(tmp_path / "case.zip")

    with zipfile.ZipFile(tmp_path / "case.zip") as archive:
        assert {"audio/whole.flac", "journal.json", "browser.json", "repro.zh.md"} <= set(archive.namelist())
        assert json.loads(archive.read("doctor.json"))["is_quick"] is False
        assert "会议 (1).wav".encode() not in b"".join(archive.read(name) for name in archive.namelist())
        assert "Support case" in archive.read("repro.en.md").decode()


def test_an_error_page_has_a_case_without_a_job(open_page: Callable[..., Page], tmp_path: Path) -> None:
    page = open_page("/transcriptions/nothing")
    page.get_by_role("button", name="Support case …").click()
    dialog = page.get_by_role("dialog", name="Support case")
    expect(dialog.get_by_text("repro.zh.md", exact=True)).to_be_visible()
    expect(dialog.get_by_label("All of it")).to_be_hidden()
    with page.expect_download() as download:
        dialog.get_by_role("link", name="Save the case").click()
    download.value.save_as(tmp_path / "case.zip")

    with zipfile.ZipFile(tmp_path / "case.zip") as archive:
        assert b"transcription_not_found" in archive.read("log/app.log")


def test_an_examination_that_hangs_is_told_and_the_case_can_be_saved(unwatched: Page, finished: str) -> None:
    page = unwatched
    page.goto(f"/transcriptions/{finished}")
    page.route("**/api/v1/doctor/checks?*", lambda route: route.fulfill(status=502, body="Bad gateway"))
    page.get_by_text("More", exact=True).last.click()
    page.get_by_role("button", name="Support case …").last.click()
    dialog = page.get_by_role("dialog", name="Support case")
    expect(dialog.get_by_text("files, about")).to_be_visible()
    page.set_viewport_size({"width": 1366, "height": 768})
    expect(dialog.get_by_role("link", name="Save the case")).to_be_in_viewport(ratio=1)

    dialog.get_by_role("button", name="Examine the server first").click()

    expect(dialog.get_by_role("alert")).to_contain_text("502")
    expect(dialog.get_by_role("link", name="Save the case")).to_have_attribute("aria-disabled", "false")


def test_what_was_noticed_stands_above_the_text_and_its_button_helps(
    open_page: Callable[..., Page], server: Server, page: Page, recording: Path
) -> None:
    id = transcribe(page, recording)
    is_this = transcriptions.c.id == id
    with closing(database_in(server.data_dir)) as database, database.writing() as connection:
        options = connection.execute(select(transcriptions.c.options).where(is_this)).scalar_one()
        values = {"recording": WRONG, "options": options | {"language": "en"}}
        connection.execute(update(transcriptions).where(is_this).values(values))
        connection.execute(update(segments).where(segments.c.transcription_id == id).values(foreign_share=0.95))
    found = open_page(f"/transcriptions/{id}")
    noticed = found.get_by_role("region", name="What was noticed")

    expect(noticed.get_by_text("95 % of what was heard is Chinese")).to_be_visible()
    expect(noticed.get_by_text("telephone sound")).to_be_visible()
    noticed.get_by_role("button", name="Recognise again as Chinese").click()
    expect(found).not_to_have_url(f"{server.address}/transcriptions/{id}")
    again = found.request.get(f"/api/v1{found.url.removeprefix(server.address)}").json()
    assert (again["options"]["language"], again["again_of"]) == ("zh", id)
