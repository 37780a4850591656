"""The sound of the computer, alone and beside the microphone: a real tab plays, and a real browser shares it."""

from __future__ import annotations

import base64
import io
import re
import wave
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, Page, expect

from tests.browser.axe import check_accessible
from tests.browser.conftest import API, FAKE_MICROPHONE, Server, Watch, wait_for
from tests.browser.contexts import Contexts
from tests.browser.voice import write_voice
from tests.engine.sounds import RATE, Samples, silence, voiced, wav_bytes
from tests.waiting import wait_until

MEETING = "Meeting of today"
THEIR_PITCH = 210.0  # Hz; the microphone's wanders around 128
OF_CHROMIUM = "camera is not allowed in this document."  # asks for it with every screen, and goes on without
SHARED = f"--auto-select-tab-capture-source-by-title={MEETING}"


@pytest.fixture(scope="module", name="sharing")
def _sharing(launch: Callable[..., Browser], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser in which somebody speaks, and which shares the tab of the meeting when a page asks."""
    voice = write_voice(tmp_path_factory.mktemp("sounds") / "voice.wav", 60)
    microphone = (FAKE_MICROPHONE, f"--use-file-for-fake-audio-capture={voice}")
    browser = launch(SHARED, *microphone, is_whole=True, is_audible=True)  # only the whole one shares tabs
    yield browser
    browser.close()


@pytest.fixture(scope="module", name="desks")
def _desks(sharing: Browser) -> Contexts:
    return Contexts(sharing)


@pytest.fixture(name="desk")
def _desk(desks: Contexts, server: Server) -> Iterator[Page]:
    page = desks.take(server.address, permissions=["microphone"])
    yield page
    desks.put_back(page)


@pytest.fixture(name="context")
def _context(desk: Page) -> BrowserContext:
    return desk.context


@pytest.fixture(name="meeting")
def _meeting(context: BrowserContext) -> Page:
    """A tab in which somebody else speaks."""
    said = np.tile(np.concatenate([0.3 * voiced(np.full(2 * RATE, THEIR_PITCH)), silence(1.0)]), 20)
    sound = base64.b64encode(wav_bytes((said * 32767).astype(np.int16))).decode()
    page = context.new_page()
    page.set_content(f"<title>{MEETING}</title><audio autoplay loop src='data:audio/wav;base64,{sound}'></audio>")
    return page


@pytest.fixture(name="live")
def _live(desk: Page, meeting: Page, server: Server) -> Iterator[Page]:
    watch = Watch(desk, server.address)
    desk.on("dialog", accept)
    desk.goto("/live")
    desk.bring_to_front()
    yield desk
    desk.remove_listener("dialog", accept)
    watch.stop()
    assert [each for each in watch.complaints if not each.endswith(OF_CHROMIUM)] == []


def accept(dialog: Dialog) -> None:
    dialog.accept()


def choose(page: Page, source: str) -> None:
    page.get_by_text(source, exact=True).click()


def start(page: Page) -> None:
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.locator("[data-live]")).to_have_attribute("data-state", "recording")


def finish(page: Page) -> dict[str, Any]:
    page.get_by_role("button", name="Finish").click()
    expect(page.locator("[data-live]")).to_have_attribute("data-state", "ended")
    address = page.get_by_role("link", name="Open the transcript").get_attribute("href") or ""
    answer: dict[str, Any] = page.request.get(f"{API}/{address.rpartition('/')[2]}").json()
    return answer


def channels_of(page: Page, id: str) -> list[Samples]:
    with wave.open(io.BytesIO(page.request.get(f"{API}/{id}/audio").body())) as file:
        frames = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, file.getnchannels())
    return [frames[:, channel].astype(np.float32) / 32768 for channel in range(frames.shape[1])]


def power_of(samples: Samples, pitch: float) -> float:
    """Return the share of the sound that lies at this pitch and its overtones, in the first 1000 Hz."""
    spectrum = np.abs(np.fft.rfft(samples)) ** 2
    hertz = np.fft.rfftfreq(samples.size, 1 / RATE)
    is_low = (hertz > 60) & (hertz < 1000)
    is_at_pitch = np.abs(hertz - pitch * np.maximum(1, np.round(hertz / pitch))) < 4
    return float(spectrum[is_low & is_at_pitch].sum() / max(1e-9, spectrum[is_low].sum()))


def test_me_and_the_others_are_told_apart_in_a_call(live: Page) -> None:
    choose(live, "Both, told apart")
    expect(live.get_by_text("Use headphones")).to_be_visible()
    check_accessible(live)
    start(live)

    for number in (1, 2):
        wait_for(live, f"document.querySelector('.channels__one:nth-child({number}) meter').value > 40")
    expect(live.locator("[data-finals] li", has_text="Me")).not_to_have_count(0)
    expect(live.locator("[data-finals] li", has_text="The others")).not_to_have_count(0)
    check_accessible(live)
    transcription = finish(live)

    assert transcription["channel_names"] == ["Me", "The others"]
    assert {segment["channel"] for segment in transcription["segments"]} == {1, 2}
    mine, theirs = channels_of(live, transcription["id"])
    assert power_of(theirs, THEIR_PITCH) > 0.4
    assert power_of(mine, THEIR_PITCH) < 0.2
    assert np.abs(mine).max() > 0.05


def test_only_the_sound_of_the_computer_is_recorded_and_no_picture_is_kept(live: Page) -> None:
    live.evaluate(
        """() => {
          const ask = navigator.mediaDevices.getDisplayMedia.bind(navigator.mediaDevices);
          navigator.mediaDevices.getDisplayMedia = async (wish) => (window.shared = await ask(wish));
        }"""
    )
    choose(live, "Sound of the computer")
    start(live)
    wait_for(live, "document.querySelector('[data-live-status] meter').value > 40")
    assert live.evaluate("shared.getVideoTracks().map((track) => track.readyState)") == ["ended"]
    expect(live.locator("[data-finals] li")).not_to_have_count(0)
    transcription = finish(live)

    [theirs] = channels_of(live, transcription["id"])
    assert power_of(theirs, THEIR_PITCH) > 0.4
    assert {segment["channel"] for segment in transcription["segments"]} == {None}


def test_a_tab_that_is_closed_in_the_middle_of_a_call_leaves_the_microphone(
    live: Page, meeting: Page, context: BrowserContext
) -> None:
    choose(live, "Both, told apart")
    start(live)
    wait_for(live, "document.querySelector('.channels__one:nth-child(2) meter').value > 40")
    meeting.close()

    expect(live.get_by_text("The sound of the computer is no longer shared")).to_be_visible()
    expect(live.get_by_role("button", name="Share again")).to_be_visible()
    expect(live.locator("[data-live]")).to_have_attribute("data-state", "recording")
    before = float(live.evaluate("Number(document.querySelector('[data-field=time]').textContent.slice(2))"))
    wait_for(live, f"Number(document.querySelector('[data-field=time]').textContent.slice(2)) >= {before + 2}")
    transcription = finish(live)

    mine, theirs = channels_of(live, transcription["id"])
    assert np.abs(theirs[-RATE:]).max() == 0
    assert transcription["state"] == "succeeded"
    assert mine.size == theirs.size


def test_a_tab_that_is_closed_pauses_a_recording_of_it_alone(live: Page, meeting: Page) -> None:
    choose(live, "Sound of the computer")
    start(live)
    wait_for(live, "document.querySelector('[data-live-status] meter').value > 40")
    meeting.close()

    expect(live.locator("[data-live]")).to_have_attribute("data-state", "paused")
    expect(live.get_by_text("Press Resume to share again.")).to_be_visible()
    finish(live)


def test_channels_are_renamed_while_somebody_speaks_and_stay_so(live: Page, context: BrowserContext) -> None:
    choose(live, "Both, told apart")
    start(live)
    expect(live.locator("[data-finals] li", has_text="The others")).not_to_have_count(0)
    live.get_by_label("Who speaks on channel 2").fill("Wang & Co")
    live.get_by_label("Who speaks on channel 2").press("Tab")
    expect(live.locator("[data-finals] li", has_text="Wang & Co")).not_to_have_count(0)
    transcription = finish(live)

    wait_until(lambda: live.request.get(f"{API}/{transcription['id']}").json()["channel_names"] == ["Me", "Wang & Co"])
    live.get_by_role("link", name="Open the transcript").click()
    expect(live.locator(".segment__channel", has_text="Wang & Co")).not_to_have_count(0)


@pytest.mark.parametrize(
    ("answer", "message", "cure"),
    [
        ("undefined", "This browser cannot share the sound of the computer", "Use Chrome or Edge"),
        ("refuse('NotAllowedError', 'Permission denied')", "Nothing was shared.", "choose the tab"),
        ("refuse('NotAllowedError', 'Permission denied by system')", "The operating system", "System Settings"),
        ("refuse('NotReadableError', 'Could not start')", "cannot be taken up", "Could not start"),
        ("async () => new MediaStream()", "The picture was shared, but not the sound.", "Also share tab audio"),
    ],
)
def test_what_a_browser_cannot_do_is_said_with_its_cure(live: Page, answer: str, message: str, cure: str) -> None:
    live.evaluate(
        f"""() => {{
          const refuse = (name, text) => async () => {{ throw new DOMException(text, name); }};
          navigator.mediaDevices.getDisplayMedia = {answer};
        }}"""
    )
    choose(live, "Sound of the computer")
    live.get_by_role("button", name="Start", exact=True).click()

    problem = live.locator("[data-slot=problem]:visible")
    expect(problem).to_contain_text(message)
    expect(problem).to_contain_text(cure)
    expect(live.locator("[data-live]")).to_have_attribute("data-state", "idle")


def test_a_session_of_two_channels_goes_on_after_a_reload(live: Page) -> None:
    choose(live, "Both, told apart")
    start(live)
    expect(live.locator("[data-finals] li", has_text="The others")).not_to_have_count(0)
    live.reload()
    live.get_by_role("button", name="Resume").click()
    expect(live.locator("[data-live]")).to_have_attribute("data-state", "recording")
    wait_for(live, "document.querySelector('.channels__one:nth-child(2) meter').value > 40")
    transcription = finish(live)

    assert len(channels_of(live, transcription["id"])) == 2


def test_the_recorder_makes_two_channels_that_are_read_apart(context: BrowserContext, meeting: Page) -> None:
    page = context.new_page()
    page.goto("/")
    page.bring_to_front()
    choose(page, "Both, told apart")
    page.get_by_role("button", name="Record", exact=True).click()
    for number in (1, 2):
        wait_for(page, f"document.querySelector('.channels__one:nth-child({number}) meter').value > 40")
    wait_for(page, "Number(document.querySelector('[data-recorder] [data-field=time]').textContent.slice(2)) >= 4")
    page.get_by_role("button", name="Finish").click()
    page.get_by_role("button", name="Start recognition").click()
    row = page.locator("[data-jobs] .job[data-state=succeeded]", has_text=re.compile(r"Recording .*\.wav"))
    expect(row).to_be_visible()

    newest = page.request.get(f"{API}/{row.get_attribute('data-job')}").json()
    assert newest["options"]["channels"] == "separate"
    wait_until(lambda: page.request.get(f"{API}/{newest['id']}").json()["channel_names"] == ["Me", "The others"])
    mine, theirs = channels_of(page, newest["id"])
    assert power_of(theirs, THEIR_PITCH) > 0.4
    assert power_of(mine, THEIR_PITCH) < 0.2
