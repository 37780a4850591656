"""A stretch is read once more otherwise: old and new side by side, and what is better is taken over, word by word."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.axe import check_accessible
from tests.browser.conftest import API, transcribe

SAVED = "All changes are saved"


def test_a_paragraph_is_read_again_and_taken_over_word_by_word(page: Page, recording: Path) -> None:
    id = transcribe(page, recording)  # three paragraphs, of which the engine says another one each time
    page.goto(f"/transcriptions/{id}")
    before = page.locator(".segment__text").all_inner_texts()
    expect(page.locator("[data-transcript][data-editable]")).to_have_count(1)
    page.locator(".segment").first.hover()
    page.get_by_role("button", name="Read this paragraph again").click()
    dialog = page.get_by_role("dialog", name="Read this stretch again")
    expect(dialog.get_by_role("button", name="Take over")).to_be_disabled()
    for _ in range(2):  # the engine may just say the same again
        dialog.get_by_role("button", name="Read again").click()
        expect(dialog.get_by_role("status")).not_to_have_text("Reading …")
        if dialog.locator(".hunk").count():
            break
    check_accessible(page)
    hunk = dialog.locator(".hunk").first
    new = hunk.inner_text()
    hunk.click()
    expect(hunk).to_have_attribute("aria-pressed", "false")
    hunk.click()
    expect(hunk).to_have_text(new)
    wanted = dialog.locator("[data-stretches] p").inner_text()
    dialog.get_by_role("button", name="Take over").click()

    expect(page.locator(".segment__text").first).to_have_text(wanted.replace("∅", ""))
    expect(page.locator("[data-save-state]")).to_contain_text(SAVED)
    assert page.locator(".segment__text").all_inner_texts()[1:] == before[1:]
    assert page.request.get(f"{API}/{id}/edits").json()["revision"] == 1


def test_a_part_marked_in_the_waveform_is_read_again(transcribed: Page) -> None:
    waveform = transcribed.locator("[data-waveform]")
    waveform.hover()  # when it has come to its place
    box = waveform.bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    transcribed.mouse.move(box["x"] + 0.05 * box["width"], middle)
    transcribed.mouse.down()
    transcribed.mouse.move(box["x"] + 0.6 * box["width"], middle, steps=5)
    transcribed.mouse.up()
    transcribed.get_by_role("button", name="Read 0:00–0:05 again …").click()

    dialog = transcribed.get_by_role("dialog", name="Read this stretch again")
    expect(dialog.locator("[data-stretches] li")).to_have_count(2)
    dialog.get_by_role("button", name="Cancel").click()
    transcribed.mouse.click(box["x"] + 10, middle)
    expect(transcribed.locator('[data-action="reread-selection"]')).to_be_hidden()
