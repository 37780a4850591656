"""Live recognition with a real browser and its fake microphone: no speech is lost, whatever happens."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from playwright.sync_api import Browser, Dialog, Page, expect

from tests.browser.axe import check_accessible
from tests.browser.conftest import API, Server, hearing, wait_for, wait_until_done
from tests.browser.contexts import Contexts, new_context
from tests.browser.engine import SENTENCES
from tests.browser.line import Line
from tests.browser.voice import seconds_of, stretches, write_voice
from tests.engine.sounds import RATE, wav_bytes
from tests.waiting import wait_until

VOICE_SECONDS = 90
CUT_SECONDS = 10
PAUSE_SECONDS = 4.0  # far more than a microphone may hand over late
LIVE = b"GET /api/v1/live HTTP"  # the request that becomes the socket
ANY_SENTENCE = re.compile("|".join(re.escape(text) for text, _ in SENTENCES))


@pytest.fixture(scope="module", name="voice")
def _voice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_voice(tmp_path_factory.mktemp("sounds") / "voice.wav", VOICE_SECONDS)


@pytest.fixture(scope="module", name="speaking")
def _speaking(launch: Callable[..., Browser], voice: Path) -> Iterator[Browser]:
    """A browser into whose microphone somebody speaks as soon as it is opened."""
    browser = launch(*hearing(f"{voice}%noloop"))
    yield browser
    browser.close()


@pytest.fixture(name="listening", scope="module")
def _listening(speaking: Browser) -> Contexts:
    return Contexts(speaking)


@pytest.fixture(name="open_live")
def _open_live(listening: Contexts, server: Server) -> Iterator[Callable[..., Page]]:
    """Return a function that opens the page in a context of its own, at the server or at a line to it."""
    opened: list[Page] = []

    def open_live(address: str = "", path: str = "/live") -> Page:
        opened.append(listening.take(address or server.address, permissions=["microphone"]))
        page = opened[-1]
        page.on("dialog", accept)  # "leave the page?"
        page.goto(path)
        return page

    yield open_live
    for page in opened:
        page.remove_listener("dialog", accept)
        if not page.url.startswith(server.address):  # nobody comes by that line again
            page.context.close()
        listening.put_back(page)


def accept(dialog: Dialog) -> None:
    dialog.accept()


@pytest.fixture(name="live")
def _live(open_live: Callable[..., Page]) -> Page:
    return open_live()


@pytest.fixture(name="line")
def _line(server: Server) -> Iterator[Line]:
    with Line(urlsplit(server.address).port or 0) as line:
        yield line


def start(page: Page) -> None:
    page.get_by_role("button", name="Start", exact=True).click()
    in_state(page, "recording")


def finish(page: Page) -> dict[str, Any]:
    """End the session and return its transcription."""
    page.get_by_role("button", name="Finish").click()
    in_state(page, "ended")
    return transcription_of(page)


def transcription_of(page: Page) -> dict[str, Any]:
    address = page.get_by_role("link", name="Open the transcript").get_attribute("href") or ""
    answer: dict[str, Any] = page.request.get(f"{API}/{address.rpartition('/')[2]}").json()
    return answer


def stored_sound(page: Page, transcription: dict[str, Any]) -> bytes:
    return page.request.get(f"{API}/{transcription['id']}/audio").body()


def in_state(page: Page, state: str) -> None:
    expect(page.locator("[data-live]")).to_have_attribute("data-state", state)


def until_said(page: Page, seconds: int) -> None:
    """Wait until so much is recorded."""
    wait_for(page, f"Number(document.querySelector('[data-field=time]').textContent.slice(2)) >= {seconds}")


@pytest.mark.parametrize("size", [(683, 384), (390, 844)], ids=["at 200 %", "phone"])
def test_the_newest_line_stays_in_sight_and_what_sticks_leaves_it_room(live: Page, size: tuple[int, int]) -> None:
    live.set_viewport_size({"width": size[0], "height": size[1]})
    live.evaluate(
        "document.querySelector('main').insertAdjacentHTML('afterbegin', '<div style=\"block-size: 9rem\">banner</div>')"
    )
    start(live)

    expect(live.locator("[data-finals] li")).not_to_have_count(0)
    for _ in range(3):
        newest = live.locator("[data-partial]:visible, [data-finals] li").last
        expect(newest).to_be_in_viewport(ratio=0.9)
        live.wait_for_timeout(700)
    hidden = live.evaluate(
        """() => {
          const part = document.querySelector("[data-live-status]");
          return getComputedStyle(part).position === "sticky" ? part.offsetHeight / innerHeight : 0;
        }"""
    )
    assert hidden <= 1 / 3
    finish(live)


def test_speech_appears_at_once_becomes_final_and_is_stored_whole(live: Page, voice: Path) -> None:
    start(live)
    wait_for(live, "document.querySelector('[data-live-status] meter').value > 40")

    expect(live.locator("[data-partial]")).to_contain_text(ANY_SENTENCE)
    expect(live.locator('[data-field="voice"]')).to_have_text("Speech")
    check_accessible(live)
    expect(live.locator("[data-finals] li").first).to_contain_text(ANY_SENTENCE)
    expect(live.locator('[data-field="latency"]')).to_have_text(re.compile(r"Latency \d+ ms, typically \d+ ms"))
    transcription = finish(live)

    expect(live.locator("[data-partial]")).to_be_hidden()
    shown = live.locator("[data-finals] .utterance__text").all_text_contents()
    assert shown == [segment["text"] for segment in transcription["segments"]]
    assert transcription["state"] == "succeeded"
    assert transcription["id"] in live.request.get("/history").text()
    assert len(stretches(stored_sound(live, transcription), voice)) == 1


def test_a_session_that_has_ended_can_be_heard_exported_and_read_again(live: Page) -> None:
    start(live)
    expect(live.locator("[data-finals] li")).to_have_count(1)
    first = finish(live)["segments"][0]

    live.locator("[data-finals] button").first.click()
    expect(live.locator("[data-finals] li").first).to_have_class(re.compile("is-current"))
    wait_for(live, f"document.querySelector('audio').currentTime > {first['start']}")
    with live.expect_download() as download:
        live.get_by_role("link", name="TXT").click()
    assert first["text"] in download.value.path().read_text("utf-8")
    live.get_by_role("button", name="Read again accurately").click()
    live.wait_for_url("**/transcriptions/*")

    id = live.url.rpartition("/")[2]
    assert live.request.get(f"{API}/{id}").json()["options"]["quality"] == "accurate"


def test_the_text_follows_the_speaker_until_the_person_scrolls_up(live: Page) -> None:
    live.evaluate(
        """async () => {
            const { LiveText } = await import("/static/js/components/live/live-text.js");
            const text = new LiveText(document.querySelector("[data-text]"), () => {});
            window.say = (count) => {
                for (let n = 0; n < count; n++) text.addFinals([{ segment: window.said++, start: 0, end: 1, text: "words" }]);
            };
            window.said = 0;
            say(60);
        }"""
    )
    distance = "(({ scrollHeight, scrollTop, clientHeight }) => scrollHeight - scrollTop - clientHeight)(document.querySelector('[data-scroll]'))"
    wait_for(live, f"{distance} < 5")
    newest = live.get_by_role("button", name="To the newest")
    expect(newest).to_be_hidden()

    live.evaluate("document.querySelector('[data-scroll]').scrollTop = 100")
    expect(newest).to_be_visible()
    live.evaluate("say(20)")
    assert live.evaluate("document.querySelector('[data-scroll]').scrollTop") < 200
    newest.click()

    wait_for(live, f"{distance} < 5")
    expect(newest).to_be_hidden()


def test_a_network_that_is_cut_for_ten_seconds_costs_no_sample(
    open_live: Callable[..., Page], line: Line, voice: Path
) -> None:
    page = open_live(line.address)
    start(page)
    until_said(page, 2)

    line.cut()
    expect(page.get_by_text("Connection lost. Recording goes on, nothing is lost.")).to_be_visible()
    expect(page.get_by_text(re.compile(r"\b1\d s are kept here"))).to_be_visible()
    line.mend()
    expect(page.get_by_text("Connection lost.")).to_be_hidden()
    sound = stored_sound(page, finish(page))

    assert seconds_of(sound) > CUT_SECONDS + 2
    assert len(stretches(sound, voice)) == 1


def test_a_line_that_died_without_a_word_is_told_and_mended(
    open_live: Callable[..., Page], line: Line, voice: Path
) -> None:
    page = open_live(line.address)
    start(page)
    until_said(page, 1)

    line.die()
    expect(page.get_by_text("Connection lost. Recording goes on, nothing is lost.")).to_be_visible()
    line.mend()
    expect(page.get_by_text("Connection lost.")).to_be_hidden()
    sound = stored_sound(page, finish(page))

    assert len(stretches(sound, voice)) == 1


def test_what_the_connection_before_delivered_late_is_not_sent_again(live: Page) -> None:
    sent = live.evaluate(
        """async () => {
          const { LiveConnection } = await import("/static/js/live/connection.js");
          const { SendQueue } = await import("/static/js/live/send-queue.js");
          const store = { put: async () => {}, dropBefore: async () => {} };
          const record = { id: "1", session: "1", token: "1", isStopped: false };
          const sendQueue = new SendQueue(store, record);
          for (let i = 0; i < 5; i++) sendQueue.add(new Int16Array(1600));
          const sent = [];
          class Full {
            static OPEN = 1;
            readyState = 1;
            bufferedAmount = 1e6; // nothing more goes out for now
            constructor() { window.full = this; }
            send(data) { if (data instanceof ArrayBuffer) sent.push(new DataView(data).getUint32(0, true)); }
            close() {}
          }
          window.WebSocket = Full;
          const connection = new LiveConnection(record, sendQueue, { settings: () => ({}), onState() {}, onMessage() {} });
          void connection.open();
          const hear = (message) => full.onmessage({ data: JSON.stringify(message) });
          hear({ type: "audio-started", next_chunk: 0 });
          hear({ type: "acknowledged", next_chunk: 3 });
          full.bufferedAmount = 0;
          connection.pump();
          connection.close();
          return sent;
        }"""
    )

    assert sent == [3, 4]


def test_speech_is_sent_later_where_a_proxy_lets_no_socket_through(
    open_live: Callable[..., Page], line: Line, voice: Path
) -> None:
    page = open_live(line.address)
    line.cut_address(LIVE)

    start(page)
    expect(page.get_by_text("A proxy in between must pass WebSockets on")).to_be_visible()
    line.mend()
    expect(page.get_by_text("A proxy in between must pass WebSockets on")).to_be_hidden()
    sound = stored_sound(page, finish(page))

    assert seconds_of(sound) > 2
    assert len(stretches(sound, voice)) == 1


def test_a_reload_sends_what_was_kept_and_goes_on(open_live: Callable[..., Page], line: Line, voice: Path) -> None:
    page = open_live(line.address)
    start(page)
    until_said(page, 1)
    line.cut_address(LIVE)
    until_said(page, 3)

    page.reload()

    in_state(page, "interrupted")
    expect(page.get_by_text("Connection lost. Nothing is lost")).to_be_visible()
    line.mend()
    expect(page.get_by_text("Resume it, or finish it.")).to_be_visible()
    page.get_by_role("button", name="Resume").click()
    in_state(page, "recording")
    until_said(page, 4)
    sound = stored_sound(page, finish(page))

    before, after = stretches(sound, voice)
    assert after.stored_at - before.stored_at > 2 * RATE


def test_a_session_that_was_cut_off_by_a_reload_can_be_finished_at_once(live: Page, voice: Path) -> None:
    start(live)
    until_said(live, 2)

    live.reload()
    in_state(live, "interrupted")

    sound = stored_sound(live, finish(live))
    assert seconds_of(sound) >= 2
    assert len(stretches(sound, voice)) == 1
    live.reload()
    in_state(live, "idle")


def test_what_is_said_in_a_pause_is_not_recorded(live: Page) -> None:
    began = time.monotonic()
    start(live)
    until_said(live, 2)

    live.keyboard.press("Escape")
    in_state(live, "paused")
    spoken = time.monotonic() - began
    paused_at = live.get_by_role("timer").text_content() or ""
    live.wait_for_timeout(PAUSE_SECONDS * 1000)
    expect(live.get_by_role("timer")).to_have_text(paused_at)
    resumed = time.monotonic()
    live.keyboard.press("Escape")
    in_state(live, "recording")
    live.keyboard.press("Control+Enter")
    in_state(live, "ended")

    spoken += time.monotonic() - resumed
    stored = seconds_of(stored_sound(live, transcription_of(live)))
    assert 2 <= stored < spoken + PAUSE_SECONDS / 2  # a microphone hands over what it heard while it was opened


def test_another_microphone_can_be_chosen_while_somebody_speaks(
    launch: Callable[..., Browser], server: Server, voice: Path
) -> None:
    browser = launch(*hearing(f"{voice}%noloop"), is_whole=True)
    live = new_context(browser, server.address, permissions=["microphone"]).new_page()
    live.goto("/live")
    start(live)
    until_said(live, 1)

    live.locator("[data-microphones]").select_option(index=1)
    until_said(live, 3)

    in_state(live, "recording")
    sound = stored_sound(live, finish(live))
    assert seconds_of(sound) >= 3
    live.reload()
    expect(live.locator("[data-microphones]")).not_to_have_value("")
    browser.close()


def test_settings_changed_during_speech_hold_from_the_next_segment_on(
    open_live: Callable[..., Page],
) -> None:
    page = open_live(path="/history")
    heard: list[dict[str, Any]] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: heard.append(json.loads(frame))))
    page.goto("/live")
    start(page)
    expect(page.locator("[data-live]")).to_have_attribute("data-link", "open")

    expect(page.get_by_role("spinbutton", name="Threshold")).to_be_visible()
    page.get_by_role("radio", name="webrtcvad").check(force=True)
    expect(page.get_by_role("spinbutton", name="Threshold")).to_be_hidden()
    page.get_by_role("radio", name="3", exact=True).check(force=True)
    page.get_by_role("spinbutton", name="Minimum silence").fill("300")
    page.get_by_role("radio", name="English", exact=True).check(force=True)
    expect(page.get_by_text("Holds from the next segment on.")).to_be_visible()

    def held() -> tuple[object, ...]:
        told = [message for message in heard if message["type"] == "settings"][-1]
        vad = told["vad"]
        return vad["detector"], vad["mode"], vad["min_silence_ms"], told["options"]["language"]

    wanted = ("webrtcvad", 3, 300, "en")
    wait_until(lambda: held() == wanted or page.wait_for_timeout(50), lambda: f"{held()} held in the end")
    assert finish(page)["options"]["language"] == "en"


def test_hotwords_that_do_not_fit_are_told_and_the_session_goes_on(live: Page) -> None:
    start(live)
    expect(live.locator("[data-live]")).to_have_attribute("data-link", "open")

    live.get_by_role("textbox", name="Hotwords").fill("x" * 101)
    expect(live.get_by_text("a word is longer than 100 characters")).to_be_visible()
    expect(live.locator("[data-live]")).to_have_attribute("data-link", "open")
    expect(live.get_by_text("a word is longer than 100 characters")).to_be_visible()
    live.get_by_role("textbox", name="Hotwords").fill("Conformer:30")

    expect(live.get_by_text("a word is longer than 100 characters")).to_be_hidden()
    assert finish(live)["options"]["hotwords"] == ["Conformer:30"]


def test_the_sound_of_a_session_cancelled_elsewhere_can_be_saved(
    open_live: Callable[..., Page], line: Line, voice: Path, tmp_path: Path
) -> None:
    page = open_live(line.address)
    start(page)
    until_said(page, 1)
    line.cut_address(LIVE)
    id = page.request.get("/api/v1/live/sessions").json()["items"][-1]["transcription"]
    assert page.request.post(f"{API}/{id}/cancel").ok
    wait_until_done(page, id)
    until_said(page, 4)

    line.mend()

    in_state(page, "failed")
    expect(page.get_by_role("button", name="New session")).to_be_hidden()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the sound kept here").click()
    download.value.save_as(tmp_path / "kept.wav")
    assert len(stretches((tmp_path / "kept.wav").read_bytes(), voice)) == 1
    page.get_by_role("button", name="Discard what is kept here").click()
    in_state(page, "idle")


def test_a_refused_microphone_says_what_to_do(launch: Callable[..., Browser], server: Server) -> None:
    browser = launch("--use-fake-device-for-media-stream", "--deny-permission-prompts")
    page = new_context(browser, server.address).new_page()
    page.goto("/live")

    page.get_by_role("button", name="Start", exact=True).click()

    expect(page.get_by_text("was not allowed to use the microphone")).to_be_visible()
    expect(page.get_by_text("allow the microphone for this page, then try again")).to_be_visible()
    browser.close()


def test_a_computer_without_a_microphone_is_told_so(launch: Callable[..., Browser], server: Server) -> None:
    browser = launch("--use-fake-ui-for-media-stream")
    page = new_context(browser, server.address, permissions=["microphone"]).new_page()
    page.goto("/live")

    page.get_by_role("button", name="Start", exact=True).click()

    expect(page.get_by_text("No microphone was found.")).to_be_visible()
    in_state(page, "idle")
    browser.close()


def test_a_mute_microphone_is_noticed(launch: Callable[..., Browser], server: Server, tmp_path: Path) -> None:
    (tmp_path / "silence.wav").write_bytes(wav_bytes(np.zeros(RATE, np.int16)))
    browser = launch(*hearing(tmp_path / "silence.wav"))
    page = new_context(browser, server.address, permissions=["microphone"]).new_page()
    page.goto("/live")

    start(page)

    expect(page.get_by_text("No sound arrives.")).to_be_visible()
    finish(page)
    browser.close()


def test_a_plain_network_address_says_why_there_is_no_microphone(from_afar: Page, server: Server) -> None:
    page, port = from_afar, urlsplit(server.address).port
    page.set_viewport_size({"width": 360, "height": 740})

    page.goto("/live")

    notice = page.locator("[data-insecure]")
    expect(notice).to_contain_text(f"This page was opened as http://transcribe.lan:{port}")
    expect(notice).to_contain_text(f"ssh -N -L {port}:127.0.0.1:{port} transcribe.lan")
    expect(notice).to_contain_text("unsafely-treat-insecure-origin-as-secure")
    expect(notice.get_by_role("link", name=f"http://localhost:{port}/live")).to_be_visible()
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    check_accessible(page)
