"""The first page: from a recording to a job that can be followed, whatever happens to the page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from playwright.sync_api import Browser, Dialog, FloatRect, Locator, Page, expect

from tests.browser.axe import check_accessible
from tests.browser.conftest import Server, hearing, transcribe, wait_for, wait_until_done
from tests.browser.contexts import Contexts, new_context
from tests.engine.sounds import babble, encode_onto, silence, wav_bytes


def choose(page: Page, *files: Path) -> None:
    page.locator("[data-file-input]").set_input_files(list(files))


def start(page: Page) -> None:
    page.get_by_role("button", name="Start recognition").click()


def box(locator: Locator) -> FloatRect:
    measured = locator.bounding_box()
    assert measured
    return measured


def job_row(page: Page, name: str) -> Locator:
    return page.locator("[data-job]", has_text=name).first


def test_on_a_phone_what_was_started_comes_into_view(open_page: Callable[..., Page], recording: Path) -> None:
    page = open_page(viewport={"width": 390, "height": 844})
    choose(page, recording)
    start(page)

    expect(page.locator("[data-job]").first.get_by_role("link").first).to_be_in_viewport()


@pytest.mark.smoke
def test_a_recording_is_uploaded_watched_across_a_reload_and_read(page: Page, long_recording: Path) -> None:
    choose(page, long_recording)
    start(page)
    row = job_row(page, "long.wav")
    expect(row.locator('[data-field="detail"]')).to_contain_text(re.compile(r"[1-9]\d* of 12 pieces"))

    page.reload()

    expect(row).to_have_attribute("data-state", "running")
    expect(row.locator('[data-field="detail"]')).to_contain_text("of 12 pieces")
    expect(row).to_have_attribute("data-state", "succeeded")
    expect(row.locator('[data-field="text"]')).to_contain_text("2026")
    row.get_by_role("link", name="Open").click()
    expect(page.locator(".segment__text")).to_have_count(12)


def test_ctrl_enter_starts_what_was_chosen_and_each_file_becomes_a_job(
    page: Page, recording: Path, tmp_path: Path
) -> None:
    second = tmp_path / "second.wav"
    second.write_bytes(recording.read_bytes())
    choose(page, recording, second)
    expect(page.get_by_text("Ready to start: 2")).to_be_visible()

    page.keyboard.press("Control+Enter")

    for name in (recording.name, "second.wav"):
        expect(job_row(page, name)).to_have_attribute("data-state", "succeeded")
    expect(page.locator("[data-staged] > *")).to_have_count(0)


def test_an_upload_tells_percent_speed_and_time_left(page: Page, tmp_path: Path) -> None:
    network = page.context.new_cdp_session(page)
    network.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 400_000},
    )
    (tmp_path / "large.wav").write_bytes(wav_bytes((np.tile(babble(10.0), 6) * 32767).astype(np.int16)))
    choose(page, tmp_path / "large.wav")
    page.evaluate(
        """() => {
          globalThis.told = [];
          const list = document.querySelector("[data-staged]");
          const note = () => told.push(list.querySelector("[data-field=facts]")?.textContent ?? "");
          new MutationObserver(note).observe(list, { childList: true, subtree: true });
        }"""
    )
    start(page)

    expect(job_row(page, "large.wav")).to_be_visible()
    network.detach()
    told = page.evaluate("told")
    line = re.compile(r"\d+% · [\d.]+ [KM]B / 1\.83 MB · [\d.]+ [KM]B/s · about 0:0\d left")
    assert any(map(line.fullmatch, told)), told


def test_the_sound_tracks_of_a_film_are_offered_with_its_result(page: Page, tmp_path: Path) -> None:
    with av.open(str(tmp_path / "film.mkv"), "w", format="matroska") as film:
        streams = [film.add_stream("pcm_s16le", rate=16_000, layout="mono") for _ in range(2)]
        for stream, language in zip(streams, ("eng", "chi"), strict=True):
            stream.metadata["language"] = language
        for stream, seconds in zip(streams, (2.0, 1.2), strict=True):
            encode_onto(film, stream, np.atleast_2d(babble(seconds)), 16_000, "mono")
    choose(page, tmp_path / "film.mkv")
    start(page)

    tracks = page.get_by_role("combobox", name="Sound track")
    expect(tracks.locator("option")).to_have_text(["1 · eng · pcm_s16le", "2 · chi · pcm_s16le"])
    expect(page.get_by_role("button", name="Recognise this track")).to_be_disabled()
    check_accessible(page)
    tracks.select_option("2")
    page.get_by_role("button", name="Recognise this track").click()

    expect(page.locator("[data-job]", has_text="film.mkv")).to_have_count(2)
    expect(page.get_by_role("combobox", name="Sound track").first).to_have_value("2")


def test_a_text_that_calls_itself_mp3_says_why_and_what_to_do_in_its_row(page: Page, tmp_path: Path) -> None:
    fake = tmp_path / "lyrics.mp3"
    fake.write_text("not a song, only its words\n" * 50)
    choose(page, fake)
    start(page)

    row = job_row(page, "lyrics.mp3")

    expect(row).to_have_attribute("data-state", "failed")
    expect(row.locator('[data-field="code"]')).to_have_text("not_audio")
    expect(row.get_by_text("Check that it plays on your computer.")).to_be_visible()
    expect(row.get_by_role("button", name="Try again")).to_be_visible()


def test_a_file_over_the_limit_is_refused_in_its_row_before_it_is_sent(page: Page, tmp_path: Path) -> None:
    big = tmp_path / "big.wav"
    big.write_bytes(bytes(3 * 2**20))
    choose(page, big)

    row = page.locator("[data-staged] > *")

    expect(row.get_by_text("larger than the limit of 2 MB")).to_be_visible()
    expect(page.get_by_role("button", name="Start recognition")).to_be_disabled()
    row.get_by_role("button", name="Remove").click()
    expect(row).to_have_count(0)


def test_an_empty_file_is_refused_by_the_server_and_told_in_its_row(page: Page, tmp_path: Path) -> None:
    (tmp_path / "empty.wav").touch()
    choose(page, tmp_path / "empty.wav")
    start(page)

    expect(page.locator('[data-staged] [data-field="code"]')).to_have_text("empty_file")


def test_a_running_job_can_be_cancelled_and_tried_again(page: Page, long_recording: Path) -> None:
    choose(page, long_recording)
    start(page)
    row = job_row(page, "long.wav")
    expect(row.locator('[data-field="detail"]')).to_contain_text("pieces")

    row.get_by_role("button", name="Cancel").click()
    expect(row).to_have_attribute("data-state", "cancelled")
    row.get_by_role("button", name="Try again").click()

    expect(row).to_have_attribute("data-state", "succeeded")


def test_the_last_settings_are_remembered(page: Page) -> None:
    page.get_by_role("complementary").get_by_text("English", exact=True).click()
    page.get_by_label("Hotwords", exact=True).fill("转写\nConformer")
    page.get_by_role("switch", name="ITN").uncheck()

    page.reload()

    expect(page.get_by_role("radio", name="English")).to_be_checked()
    expect(page.get_by_label("Hotwords", exact=True)).to_have_value("转写\nConformer")
    expect(page.get_by_role("switch", name="ITN")).not_to_be_checked()


def test_a_refused_value_is_told_beside_its_field_until_it_is_changed(page: Page, recording: Path) -> None:
    hotwords = page.get_by_label("Hotwords", exact=True)
    hotwords.fill("word:500")
    choose(page, recording)
    start(page)

    expect(hotwords).to_have_attribute("aria-invalid", "true")
    beside = page.locator('[name="hotwords"] + [role="alert"]')
    expect(beside).to_contain_text("word:500")
    hotwords.fill("word:50")
    expect(beside).to_have_count(0)


def test_the_settings_go_with_the_recording(page: Page, recording: Path) -> None:
    page.get_by_role("complementary").get_by_text("English", exact=True).click()
    page.get_by_label("Hotwords", exact=True).fill("转写\nConformer")
    choose(page, recording)
    start(page)
    row = page.locator("[data-job]").first
    expect(row.locator('[data-field="name"]')).to_have_text(recording.name)
    id = row.get_attribute("data-job")

    assert id
    options = wait_until_done(page, id)["options"]
    assert options["language"] == "en"
    assert options["hotwords"] == ["转写", "Conformer"]


def test_only_languages_that_the_model_knows_are_offered(page: Page) -> None:
    language = page.get_by_role("group", name="Language")
    expect(page.locator('[data-model] [data-field="state"]')).to_have_text("Ready")

    expect(language.get_by_role("radio", name="English")).to_be_visible()
    expect(language.get_by_role("radio", name="Japanese")).to_be_hidden()


def test_escape_stops_an_upload_which_then_waits_again(page: Page, recording: Path) -> None:
    page.route("**/api/v1/transcriptions", lambda _: None)  # it never comes to an end
    choose(page, recording)
    start(page)
    row = page.locator("[data-staged] > *")
    expect(row).to_have_attribute("data-state", "uploading")

    page.keyboard.press("Escape")

    expect(row).to_have_attribute("data-state", "staged")
    expect(page.get_by_role("button", name="Start recognition")).to_be_enabled()


def test_the_channels_of_a_call_are_told_apart(page: Page, tmp_path: Path) -> None:
    piece = np.concatenate([silence(0.4), babble(1.8), silence(0.8)])
    call = np.stack([np.pad(piece, (0, len(piece))), np.pad(piece, (len(piece), 0))])
    (tmp_path / "call.wav").write_bytes(wav_bytes((call * 32767).astype(np.int16)))
    page.get_by_text("Each on its own", exact=True).click()
    choose(page, tmp_path / "call.wav")
    start(page)

    result = job_row(page, "call.wav").get_by_role("region", name="Result")

    expect(result.locator(".compare__channel")).to_have_text(["Channel 1", "Channel 2"])
    page.get_by_text("Mixed", exact=True).click()


def test_the_model_says_where_it_runs(page: Page) -> None:
    model = page.locator("[data-model]")

    expect(model.locator('[data-field="state"]')).to_have_text(re.compile("Ready|Recognizing"))
    expect(model.locator('[data-field="device"]')).to_have_text("cpu")


@pytest.fixture(name="listening", scope="module")
def _listening(launch: Callable[..., Browser], recording: Path) -> Iterator[Contexts]:
    """A browser into whose microphone somebody speaks."""
    browser = launch(*hearing(recording))
    yield Contexts(browser)
    browser.close()


@pytest.fixture(name="microphone_page")
def _microphone_page(listening: Contexts, server: Server) -> Iterator[Page]:
    page = listening.take(server.address, permissions=["microphone"])
    page.on("dialog", accept)  # "Leave the page?"
    page.goto("/")
    yield page
    page.remove_listener("dialog", accept)
    listening.put_back(page)


def accept(dialog: Dialog) -> None:
    dialog.accept()


def test_speech_is_recorded_paused_heard_and_sent(microphone_page: Page) -> None:
    page = microphone_page
    page.get_by_role("button", name="Record").click()
    panel = page.locator("[data-recorder]")
    expect(panel).to_have_attribute("data-state", "recording")
    wait_for(page, "document.querySelector('[data-recorder] meter').value > 40")

    panel.get_by_role("button", name="Pause").click()
    expect(panel).to_have_attribute("data-state", "paused")
    panel.get_by_role("button", name="Resume").click()
    expect(panel.locator('[data-field="time"]')).to_have_text("0:03")
    panel.get_by_role("button", name="Finish").click()

    staged = page.locator("[data-staged] > *")
    staged.get_by_role("button", name="Listen").click()
    expect(staged.locator('[data-action="play"]')).to_have_attribute("aria-pressed", "true")
    start(page)
    row = job_row(page, ".webm")
    expect(row).to_have_attribute("data-state", "succeeded")
    expect(row.locator('[data-field="text"]')).not_to_be_empty()


def test_an_own_recording_survives_a_reload_until_it_is_sent(microphone_page: Page) -> None:
    page = microphone_page
    page.get_by_role("button", name="Record").click()
    expect(page.locator('[data-recorder] [data-field="time"]')).to_have_text("0:03")

    page.reload()  # in the middle of the recording
    staged = page.locator("[data-staged] > *")
    expect(staged.locator('[data-field="name"]')).to_have_text(re.compile(r"^Recording \d\d:\d\d\.webm$"))
    page.reload()
    expect(staged).to_have_count(1)
    expect(staged.locator('[data-field="facts"]')).to_contain_text(re.compile("0:0[2-9]"))  # it went on meanwhile
    expect(staged.get_by_role("button", name="Listen")).to_be_visible()
    start(page)
    expect(job_row(page, ".webm")).to_have_attribute("data-state", "succeeded")
    expect(staged).to_have_count(0)
    page.reload()

    expect(page.get_by_text("Nothing chosen yet")).to_be_visible()
    expect(staged).to_have_count(0)


@pytest.fixture(name="recorder")
def _recorder(microphone_page: Page) -> Locator:
    """The panel of the recognition page while it records."""
    microphone_page.get_by_role("button", name="Record").click()
    panel = microphone_page.locator("[data-recorder]")
    expect(panel).to_have_attribute("data-state", "recording")
    return panel


def test_escape_asks_before_a_recording_is_discarded(recorder: Locator) -> None:
    page = recorder.page
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog").get_by_text("Discard this recording?")).to_be_visible()
    expect(recorder).to_have_attribute("data-state", "paused")
    page.keyboard.press("Escape")
    expect(recorder).to_have_attribute("data-state", "paused")
    page.keyboard.press("Escape")
    page.get_by_role("dialog").get_by_role("button", name="Discard").click()

    expect(recorder).to_be_hidden()


def test_a_dialog_that_is_opened_again_at_once_is_answered(recorder: Locator) -> None:
    page = recorder.page
    page.keyboard.press("Escape")
    page.get_by_role("dialog").evaluate(
        """(dialog) => {
          dialog.close();
          document.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", cancelable: true }));
        }"""
    )
    page.get_by_role("dialog").get_by_role("button", name="Discard").click()

    expect(recorder).to_be_hidden()


def test_a_refused_microphone_says_what_to_do(launch: Callable[..., Browser], server: Server) -> None:
    browser = launch("--use-fake-device-for-media-stream", "--deny-permission-prompts")
    page = new_context(browser, server.address).new_page()
    page.goto("/")

    page.get_by_role("button", name="Record").click()

    expect(page.get_by_text("was not allowed to use the microphone")).to_be_visible()
    expect(page.get_by_text("allow the microphone for this page")).to_be_visible()
    browser.close()


def test_a_page_on_a_plain_network_address_says_why_there_is_no_microphone(from_afar: Page) -> None:
    from_afar.goto("/")

    from_afar.get_by_role("button", name="Record").click()

    expect(from_afar.get_by_text("only to secure pages, and http://transcribe.lan:")).to_be_visible()


def test_the_awaited_result_opens_with_its_buttons_above_six_lines_of_text(page: Page, recording: Path) -> None:
    choose(page, recording)
    start(page)
    row = page.locator("[data-job]").first
    result = row.get_by_role("region", name="Result")

    text = result.locator(".result__text")
    expect(text).to_contain_text("18.5%。")
    assert box(text)["height"] <= 6 * 1.85 * 18
    for button in (result.get_by_role("link", name="Open"), result.get_by_role("button", name="Copy").first):
        assert box(button)["y"] < box(text)["y"]
    expect(result.get_by_role("columnheader", name="Verbatim")).to_be_hidden()


def test_spoken_and_written_stand_side_by_side_without_punctuation(page: Page, recording: Path) -> None:
    choose(page, recording)
    start(page)
    row = page.locator("[data-job]").first
    result = row.get_by_role("region", name="Result")
    result.get_by_text("Side by side").click()

    expect(result.get_by_role("columnheader", name="Verbatim")).to_be_visible()
    expect(result.locator("tbody tr")).to_have_count(3)
    assert "百分之十八点五" in result.locator("del").all_inner_texts()
    assert "18.5%" in result.locator("ins").all_inner_texts()
    assert not [mark for mark in result.locator("ins").all_inner_texts() if mark.strip("，。") != mark]

    row.get_by_role("button", name="Result").click()
    expect(result).to_be_hidden()


def test_a_result_is_copied_and_exported_where_it_stands(page: Page, recording: Path) -> None:
    finished = transcribe(page, recording)  # the newest: the page lists only some
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.reload()
    row = page.locator(f'[data-job="{finished}"]')
    row.get_by_role("button", name="Result").click()

    row.get_by_role("button", name="Copy verbatim").click()
    expect(row.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    with page.expect_download() as download:
        row.get_by_role("link", name="SRT").click()

    assert "百分之十八点五" in copied
    assert download.value.suggested_filename.endswith(".srt")
    check_accessible(page)
