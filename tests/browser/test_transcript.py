"""The page of one transcription: read, listen, export, manage."""

from __future__ import annotations

import json
import re
import subprocess
import wave
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import update

from app.store.tables import transcriptions
from tests.browser.conftest import Server, transcribe, wait_for
from tests.browser.contexts import PICTURE
from tests.databases import in_database

CURRENT_TIME = "document.querySelector('audio').currentTime"


@pytest.fixture(name="page")
def _page(open_page: Callable[..., Page]) -> Page:
    """A page that has still to be led somewhere."""
    return open_page(PICTURE)


def test_the_text_stands_by_segments_with_times(transcribed: Page) -> None:
    expect(transcribed.locator("h1")).to_have_text("会议 (1).wav")
    expect(transcribed.locator(".segment__text")).to_have_count(3)
    expect(transcribed.locator(".segment__time").nth(1)).to_have_text("0:03")


def test_a_click_on_a_segment_plays_it_and_the_page_follows(transcribed: Page) -> None:
    segment = transcribed.locator(".segment").nth(1)

    segment.locator(".segment__text").click()

    expect(segment).to_have_class(re.compile("is-current"))
    started = transcribed.evaluate(CURRENT_TIME)
    assert 3 < started < 5
    wait_for(transcribed, f"{CURRENT_TIME} > {started + 0.3}")
    transcribed.get_by_role("button", name="Play or pause").click()
    assert transcribed.evaluate("document.querySelector('audio').paused")


def test_playing_moves_the_highlight_to_the_next_segment(transcribed: Page) -> None:
    transcribed.locator("[data-speed]").select_option("2")
    transcribed.locator(".segment__time").first.click()

    expect(transcribed.locator(".segment").nth(1)).to_have_class(re.compile("is-current"))


def test_the_waveform_shows_the_speech_and_is_moved_by_keys_and_clicks(transcribed: Page) -> None:
    slider = transcribed.get_by_role("slider")
    expect(transcribed.locator(".waveform__speech")).to_have_count(3)
    expect(transcribed.locator(".waveform__rest")).to_have_attribute("d", re.compile("^M.+Z$"))

    slider.focus()
    slider.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", "0:05")
    slider.press("Home")
    expect(slider).to_have_attribute("aria-valuetext", "0:00")
    box = slider.bounding_box()
    assert box
    slider.click(position={"x": box["width"] / 2, "y": 10})
    expect(slider).to_have_attribute("aria-valuetext", "0:04")


def test_the_raw_text_is_one_click_away(transcribed: Page) -> None:
    first = transcribed.locator(".segment").first

    transcribed.get_by_text("Verbatim", exact=True).click()

    expect(first.locator(".segment__raw")).to_be_visible()
    expect(first.locator(".segment__text")).to_be_hidden()


def test_spoken_and_written_stand_side_by_side_with_the_changes_marked(transcribed: Page) -> None:
    transcribed.get_by_text("Side by side").click()
    segments = transcribed.locator("[data-segments]")

    expect(segments.locator("ins", has_text="18.5%").first).to_be_visible()
    expect(segments.locator("del", has_text="百分之十八点五").first).to_be_visible()
    transcribed.get_by_text("Clean", exact=True).click()

    expect(segments.locator("del")).to_have_count(0)


def test_the_text_can_be_copied(transcribed: Page) -> None:
    transcribed.context.grant_permissions(["clipboard-read", "clipboard-write"])

    transcribed.get_by_role("button", name="Copy").click()

    expect(transcribed.get_by_role("button", name="Copied")).to_be_visible()
    copied = transcribed.evaluate("navigator.clipboard.readText()")
    assert copied.splitlines() == transcribed.locator(".segment__text").all_inner_texts()


def test_every_format_is_downloaded(transcribed: Page, subtests: pytest.Subtests) -> None:
    signs = {"txt": "9:30", "srt": " --> ", "vtt": "WEBVTT", "json": '"segments"', "csv": "Start (s)"}
    for format, sign in signs.items():
        with subtests.test(format):
            with transcribed.expect_download() as download:
                transcribed.locator(f'[data-export="{format}"]').click()

            text = Path(download.value.path()).read_text(encoding="utf-8-sig")
            assert download.value.suggested_filename == f"会议 (1).{format}"
            assert sign in text
            if format == "json":
                assert len(json.loads(text)["segments"]) == 3


def test_the_recording_itself_is_downloaded_as_it_was_sent(transcribed: Page, recording: Path) -> None:
    with transcribed.expect_download() as download:
        transcribed.get_by_role("link", name="Download the recording").click()

    assert Path(download.value.path()).read_bytes() == recording.read_bytes()


def test_the_receipt_says_what_was_applied_and_why(transcribed: Page) -> None:
    receipt = transcribed.locator("[data-receipt]")

    expect(receipt.get_by_role("row", name="Language Automatic Automatic")).to_be_visible()


def test_the_receipt_leaves_hotwords_as_they_were_written(page: Page, server: Server, recording: Path) -> None:
    id = transcribe(page, recording)
    lines = [
        {"name": "hotwords", "asked": "auto", "applied": "", "reason": ""},
        {"name": "device", "asked": "auto", "applied": "cpu", "reason": ""},
    ]
    in_database(server.data_dir, update(transcriptions).where(transcriptions.c.id == id).values(receipt=lines))
    page.goto(f"/transcriptions/{id}")
    receipt = page.locator("[data-receipt]")

    expect(receipt.get_by_role("row", name="Hotwords auto –")).to_be_visible()
    expect(receipt.get_by_role("row", name="Device Automatic cpu")).to_be_visible()
    told = """async (lines) => {
      const { optionValue } = await import("/static/js/lib/wording.js");
      return lines.flatMap(({ name, asked, applied }) => [optionValue(name, asked), optionValue(name, applied)]);
    }"""
    assert page.evaluate(told, lines) == ["auto", "–", "Automatic", "cpu"]


def test_the_log_of_the_job_opens_in_the_page(transcribed: Page) -> None:
    transcribed.locator("summary", has_text="Log").click()

    expect(transcribed.locator(".log")).to_contain_text("segment_finished")


def test_a_new_name_stays(page: Page, recording: Path) -> None:
    page.goto(f"/transcriptions/{transcribe(page, recording)}")
    page.get_by_role("button", name="Rename").click()
    page.get_by_role("textbox", name="Name").fill("周会 <b>1</b>")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("h1")).to_have_text("周会 <b>1</b>")

    page.reload()

    expect(page.locator("h1")).to_have_text("周会 <b>1</b>")


def test_deleting_asks_first_and_leads_to_the_history(page: Page, recording: Path) -> None:
    address = f"/transcriptions/{transcribe(page, recording)}"
    page.goto(address)
    page.locator("summary", has_text="More").click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Keep").click()
    expect(page).to_have_url(address)

    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()

    expect(page).to_have_url(re.compile("/history$"))
    page.goto(address)
    expect(page.get_by_text("transcription_not_found")).to_be_visible()


def test_segments_appear_while_the_recording_is_read(page: Page, long_recording: Path) -> None:
    page.goto("/")
    page.locator("[data-file-input]").set_input_files(long_recording)
    page.keyboard.press("Control+Enter")
    # another test may have left a row of the same name that is done
    page.locator('[data-job]:not([data-state="succeeded"])', has_text="long.wav").locator("a").first.click()

    expect(page.locator(".segment")).to_have_count(12)
    expect(page.locator('.segment[data-state="pending"]').first).to_be_visible()
    expect(page.locator('.segment[data-state="done"]').nth(2)).to_be_visible()
    expect(page.locator("[data-transcript]")).to_have_attribute("data-state", "succeeded")
    expect(page.locator(".segment__text")).to_have_count(12)


def test_a_paragraph_is_put_right_while_the_rest_is_read(page: Page, recording: Path, tmp_path: Path) -> None:
    slow = tmp_path / "slow.wav"
    with wave.open(str(recording)) as source, wave.open(str(slow), "wb") as target:
        target.setparams(source.getparams())
        target.writeframes(source.readframes(source.getnframes()) * 7)
    file = {"name": "slow.wav", "mimeType": "audio/wav", "buffer": slow.read_bytes()}
    path = (
        "/api/v1/transcriptions/" + page.request.post("/api/v1/transcriptions", multipart={"file": file}).json()["id"]
    )
    page.goto(path.removeprefix("/api/v1"))
    first = page.locator('[data-transcript][data-editable] .segment[data-state="done"]').first
    first.locator(".segment__content").dblclick()
    area = page.locator(".segment__input")
    area.fill("put right")
    area.press("Home")
    area.press("ArrowRight")
    assert page.request.get(path).json()["state"] == "running"
    expect(page.locator("[data-save-state]")).to_contain_text("All changes are saved")

    expect(page.locator("[data-transcript]")).to_have_attribute("data-state", "succeeded")
    expect(area).to_be_focused()
    assert area.evaluate("(area) => area.selectionStart") == 1
    page.locator(".segment__time").nth(20).scroll_into_view_if_needed()
    page.reload()
    expect(page.locator(".segment__text").first).to_have_text("put right")
    assert page.request.get(path).json()["text"].startswith("put right")


def test_silence_has_no_text_and_says_so(page: Page, tmp_path: Path) -> None:
    from tests.engine.sounds import silence, wav_bytes

    quiet = tmp_path / "quiet.wav"
    quiet.write_bytes(wav_bytes(silence(3.0)))

    page.goto(f"/transcriptions/{transcribe(page, quiet)}")

    expect(page.get_by_text("No speech was found in the recording.")).to_be_visible()
    expect(page.get_by_text("There is no text.")).to_be_visible()


def test_another_sound_track_of_a_film_is_read(page: Page, recording: Path, tmp_path: Path) -> None:
    film = tmp_path / "film.mkv"
    silent = ["-f", "lavfi", "-t", "9", "-i", "anullsrc=r=16000:cl=mono"]
    maps = ["-map", "1:a", "-map", "0:a", "-map", "0:a", "-metadata:s:a:2", "title=Second room"]
    command = ["ffmpeg", "-v", "error", "-i", str(recording), *silent, *maps, "-c:a", "flac", str(film)]
    subprocess.run(command, check=True)
    page.goto(f"/transcriptions/{transcribe(page, film)}")
    receipt = page.locator("[data-receipt]")
    expect(receipt.get_by_role("row", name="Sound track Automatic 2")).to_be_visible()
    expect(receipt).to_contain_text("the first sound track is silent")
    expect(page.locator(".segment__text")).to_have_count(3)

    page.get_by_role("button", name="Recognise again").click()
    page.get_by_role("dialog").get_by_label("Sound track").select_option("3 · Second room · flac")
    page.get_by_role("dialog").get_by_role("button", name="Recognise", exact=True).click()

    expect(receipt.get_by_role("row", name="Sound track 3 3")).to_be_visible()


def test_a_recording_is_recognised_again_and_both_texts_lead_to_each_other(page: Page, recording: Path) -> None:
    first = transcribe(page, recording, "again.wav")
    page.goto(f"/transcriptions/{first}")
    page.get_by_role("button", name="Recognise again").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Language")).to_have_value("auto")
    dialog.get_by_label("Language").select_option("zh")
    dialog.get_by_label("Hotwords").fill("转写")
    dialog.get_by_role("button", name="Recognise", exact=True).click()

    expect(page).not_to_have_url(re.compile(first))
    expect(page.locator("[data-transcript]")).to_have_attribute("data-state", "succeeded")
    expect(page.locator("[data-receipt]").get_by_role("row", name="Language Chinese Chinese")).to_be_visible()
    page.locator(".siblings a").click()
    expect(page).to_have_url(re.compile(first))
    expect(page.locator(".siblings")).to_contain_text("Chinese")
