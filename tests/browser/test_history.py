"""The history: find or remove a transcription."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.axe import check_accessible_in_both_themes
from tests.browser.conftest import API, transcribe
from tests.browser.contexts import PICTURE
from tests.engine.sounds import silence, wav_bytes


@pytest.fixture(name="page")
def _page(open_page: Callable[..., Page]) -> Page:
    """A page that has still to be led somewhere."""
    return open_page(PICTURE)


def test_a_recording_without_speech_says_so_in_every_list(page: Page, tmp_path: Path) -> None:
    quiet = tmp_path / "nothing but silence.wav"
    quiet.write_bytes(wav_bytes((silence(3.0) * 32767).astype(np.int16)))
    id = transcribe(page, quiet)

    for path in ("/", "/history"):
        page.goto(path)
        expect(page.locator(f'[data-job="{id}"] .job__text')).to_have_text("No speech was recognised.")


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

    # Which of the two is said depends on what other tests have deleted.
    expect(page.get_by_text(re.compile(r"Nothing fits\.|The trash is empty\."))).to_be_visible()
    expect(page.get_by_role("link", name="Show all")).to_be_visible()


def test_a_place_that_was_found_leads_there_in_the_transcript(page: Page, recording: Path) -> None:
    transcribe(page, recording, "placed.wav")
    page.goto("/history?query=placed 订单增长")

    place = page.locator(".result-row__places a")
    expect(place.locator("mark")).to_have_text("订单增长")
    seconds = place.locator(".result-row__time").inner_text()
    place.click()

    expect(page).to_have_url(re.compile(r"/transcriptions/\w+\?t=\d"))
    expect(page.locator('[data-field="position"]')).to_have_text(seconds)
    expect(page.locator(".segment.is-current")).to_have_count(1)


def test_a_row_is_deleted_and_taken_back(page: Page, recording: Path) -> None:
    transcribe(page, recording, "unwanted.wav")
    page.goto("/history?query=unwanted.wav")

    page.get_by_role("button", name="Delete", exact=True).click()
    expect(rows(page)).to_have_count(0)
    expect(page.locator("[data-status]")).to_have_attribute("data-total", "0")
    page.get_by_role("button", name="Undo").click()

    expect(rows(page)).to_have_count(1)
    expect(page.locator("[data-status]")).to_have_attribute("data-total", "1")
    page.reload()
    expect(rows(page)).to_have_count(1)


def test_a_row_of_the_first_page_is_deleted_and_taken_back_to_its_place(page: Page, recording: Path) -> None:
    for name in ("below.wav", "between.wav", "above.wav"):
        transcribe(page, recording, name)
    page.goto("/")
    names = rows(page).locator('[data-field="name"]')

    rows(page).nth(1).get_by_role("button", name="Delete").click()
    expect(names.nth(1)).to_have_text("below.wav")
    page.get_by_role("button", name="Undo").click()

    expect(names.nth(1)).to_have_text("between.wav")
    expect(names.nth(2)).to_have_text("below.wav")


def test_what_a_transcripts_own_page_deleted_can_be_taken_back_on_the_next(page: Page, recording: Path) -> None:
    id = transcribe(page, recording, "regretted.wav")
    page.goto(f"/transcriptions/{id}")
    page.locator("summary", has_text="More").click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()

    expect(page).to_have_url(re.compile("/history$"))
    page.get_by_role("button", name="Undo").click()

    expect(page.locator("[data-job]", has_text="regretted.wav")).to_have_count(1)


def test_rows_between_two_ticks_are_selected_and_exported(page: Page, tmp_path: Path, recording: Path) -> None:
    for number in range(3):
        transcribe(page, recording, f"chosen {number}.wav")
    page.goto("/history?query=chosen")
    boxes = page.locator("[data-select]")

    boxes.nth(0).click()
    boxes.nth(2).click(modifiers=["Shift"])
    expect(page.locator("[data-status]")).to_have_text("3 selected")
    page.locator("summary", has_text="Export").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="SRT · ZIP").click()

    with zipfile.ZipFile(download.value.path()) as archive:
        assert sorted(archive.namelist()) == ["chosen 0.srt", "chosen 1.srt", "chosen 2.srt"]
        assert "订单增长" in archive.read("chosen 0.srt").decode()


def test_a_selection_is_made_and_deleted_by_keyboard_alone(page: Page, recording: Path) -> None:
    for number in range(3):
        transcribe(page, recording, f"keys {number}.wav")
    page.goto("/history?query=keys")

    page.locator("[data-select]").first.focus()
    page.keyboard.press("Shift+ArrowDown")
    expect(page.locator("[data-status]")).to_have_text("2 selected")
    page.keyboard.press("Escape")
    expect(page.locator("[data-status]")).to_have_text("3 found")
    page.locator("[data-select]").first.focus()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")

    expect(page.get_by_text("Moved to the trash: 3")).to_be_visible()
    expect(page.get_by_text("Nothing fits.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(rows(page)).to_have_count(3)


def test_a_choice_stays_while_pages_are_turned(page: Page, recording: Path) -> None:
    fill(page, "turned")
    page.goto("/history?query=turned")
    page.locator("[data-select]").first.click()

    expect(page.get_by_text("Page 1 of 2", exact=True)).to_be_visible()
    page.get_by_role("link", name="Older").click()
    expect(rows(page)).to_have_count(1)
    expect(page.get_by_text("Page 2 of 2", exact=True)).to_be_visible()
    expect(page.locator("[data-status]")).to_have_text("1 selected")
    page.reload()
    expect(rows(page)).to_have_count(1)
    page.get_by_role("link", name="Newer").click()
    expect(rows(page)).to_have_count(20)
    page.go_back()
    expect(rows(page)).to_have_count(1)


def test_everything_found_is_cleared_after_a_question_and_restored(page: Page, recording: Path) -> None:
    for number in range(2):
        transcribe(page, recording, f"cleared {number}.wav")
    page.goto("/history?query=cleared")

    page.get_by_role("button", name="Delete all that was found").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Recordings: 2.")
    dialog.get_by_role("button", name="Keep").click()
    expect(rows(page)).to_have_count(2)
    page.get_by_role("button", name="Delete all that was found").click()
    dialog.get_by_role("button", name="Move to the trash").click()
    expect(rows(page)).to_have_count(0)

    page.get_by_role("link", name="Trash").click()
    page.wait_for_url(re.compile("view=trash"))  # loaded, with its scripts
    page.get_by_role("searchbox").fill("cleared")
    expect(rows(page)).to_have_count(2)
    rows(page).first.get_by_role("button", name="Restore").click()
    expect(rows(page)).to_have_count(1)
    rows(page).first.get_by_role("button", name="Remove for good").click()
    dialog.get_by_role("button", name="Remove for good").click()
    expect(page.get_by_text(re.compile("Nothing fits|The trash is empty"))).to_be_visible()  # of other tests
    page.goto("/history?query=cleared")
    expect(rows(page)).to_have_count(1)


def test_filters_stand_in_the_address(page: Page, recording: Path) -> None:
    transcribe(page, recording, "filtered.wav")
    page.goto("/history?query=filtered")

    page.get_by_label("Where it came from").select_option("API")
    expect(page).to_have_url(re.compile("source=api"))
    page.get_by_label("From this day").fill("2001-01-01")
    expect(page).to_have_url(re.compile(r"since=2001-01-01.*zone=Asia|zone=Asia.*since=2001-01-01"))
    expect(rows(page)).to_have_count(1)
    page.get_by_label("To this day").fill("2001-01-02")
    expect(page.get_by_text("Nothing fits.")).to_be_visible()
    page.reload()
    expect(page.get_by_label("To this day")).to_have_value("2001-01-02")
    page.get_by_role("link", name="Show all").click()
    expect(page).to_have_url(re.compile("/history$"))


def test_a_lost_server_is_told_and_the_search_taken_up_again(unwatched: Page, finished: str) -> None:
    page = unwatched
    page.goto("/history")
    page.route("**/history?**", lambda route: route.abort())

    page.get_by_role("searchbox").fill("there-is-no-such-word")
    expect(page.get_by_text("The server cannot be reached.")).to_be_visible()
    page.unroute("**/history?**")
    page.locator("[data-search-again]").click()

    expect(page.get_by_text("Nothing fits.")).to_be_visible()
    expect(page.get_by_text("The server cannot be reached.")).to_be_hidden()


def test_details_tell_how_a_transcript_was_made(page: Page, recording: Path) -> None:
    transcribe(page, recording, "detailed.wav")
    page.goto("/history?query=detailed")

    page.get_by_role("button", name="Details").click()

    expect(page.locator("[data-details]")).to_contain_text("API")
    expect(page.locator("[data-details]")).to_contain_text("RTF")


def test_the_statistics_say_every_bar_in_words(page: Page, finished: str) -> None:
    page.goto("/history?view=statistics")

    expect(page.locator('[data-field="count"]')).to_have_text(re.compile(r"[1-9]"))
    expect(page.locator("[data-days] > li")).to_have_count(30)
    expect(page.locator("[data-days] > li").last).to_have_text(re.compile(r": [1-9]"))
    expect(page.locator("[data-days] > li").first).to_have_text(re.compile(": 0"))
    expect(page.locator("[data-days] > li").first).to_have_css("background-color", "rgba(0, 0, 0, 0)")
    page.locator('[data-bars="state"]').get_by_role("link", name="Done").click()
    expect(page).to_have_url(re.compile("state=succeeded"))


@pytest.mark.parametrize(
    "address", ["/history", "/history?query=订单", "/history?view=trash", "/history?view=statistics"]
)
def test_the_history_is_for_everybody(open_page: Callable[..., Page], finished: str, address: str) -> None:
    page = open_page(address)
    if "statistics" in address:
        expect(page.locator("[data-days] > li")).to_have_count(30)

    check_accessible_in_both_themes(page)


def test_many_transcriptions_are_turned_page_by_page(page: Page) -> None:
    fill(page, "paged")

    page.goto("/history?query=paged")
    expect(rows(page)).to_have_count(20)
    page.get_by_role("link", name="Older").click()

    expect(rows(page)).to_have_count(1)
    expect(page.get_by_role("link", name="Newer")).to_be_visible()


def test_a_row_that_another_window_adds_appears_by_itself(page: Page, recording: Path) -> None:
    page.goto("/history")

    transcribe(page, recording, "from-elsewhere.wav")

    expect(rows(page).first.locator('[data-field="name"]')).to_have_text("from-elsewhere.wav")


def rows(page: Page) -> Locator:
    return page.locator("[data-job]")


def fill(page: Page, name: str) -> None:
    """Send one more than a page holds, of what fails at once."""
    for number in range(21):
        file = {"name": f"{name} {number}.wav", "mimeType": "audio/wav", "buffer": b"no sound"}
        page.request.post(API, multipart={"file": file})
