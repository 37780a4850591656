"""The transcript's text, word by word: it follows the player, and is edited without loss."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from docx import Document
from playwright.sync_api import Page, Route, expect

from app.services.transcriptions.job_queue import Queue
from app.store.files.recordings import Files
from tests.browser.axe import check_accessible
from tests.browser.conftest import API, Server, wait_for
from tests.databases import database_in
from tests.engine.sounds import babble, silence, wav_bytes
from tests.recognised import recognised

CURRENT_TIME = "document.querySelector('audio').currentTime"
SENTENCES = (
    ["the", "first", "sentence", "has", "seven?", "words", "here"],
    ["the", "second", "one", "is", "short"],
    "今天天气很好我们出去走走",
)
SAVED = "All changes are saved"
RATE = 16_000
HEARD_HERTZ = """async () => {
  const audio = document.querySelector("audio");
  if (!window.heard) {
    const context = new AudioContext();
    window.heard = new AnalyserNode(context, { fftSize: 8192, smoothingTimeConstant: 0 });
    context.createMediaElementSource(audio).connect(window.heard).connect(context.destination);
  }
  const begin = audio.currentTime;
  while (audio.currentTime < Math.floor(begin) + 0.5) await new Promise((done) => setTimeout(done, 20));
  const levels = new Float32Array(window.heard.frequencyBinCount);
  window.heard.getFloatFrequencyData(levels);
  return (levels.indexOf(Math.max(...levels)) * window.heard.context.sampleRate) / 8192;
}"""

Make = Callable[..., str]


@pytest.fixture(name="queue", scope="module")
def _queue(server: Server) -> Iterator[Queue]:
    database = database_in(server.data_dir)
    database.migrate()  # the server may have only begun with it
    yield Queue(database, Files(server.data_dir))
    database.close()


@pytest.fixture(name="id")
def _id(queue: Queue) -> str:
    """A transcription of three sentences, five seconds each with two seconds of silence after it."""
    piece = np.concatenate([babble(5.0), silence(2.0)])
    sound = wav_bytes((np.tile(piece, len(SENTENCES)) * 32767).astype(np.int16))
    return recognised(queue, SENTENCES, sound, pause=2.0)


@pytest.fixture(name="page")
def _page(open_page: Callable[..., Page], id: str) -> Page:
    page = open_page(f"/transcriptions/{id}")
    expect(page.locator(".word")).to_have_count(24)
    expect_editable(page)
    return page


def expect_editable(page: Page) -> None:
    """Wait until the text can be edited: keys for that do nothing before."""
    expect(page.locator("[data-transcript][data-editable]")).to_have_count(1)


def edit(page: Page, row: int, text: str) -> None:
    page.locator(".segment").nth(row).locator(".segment__time").focus()
    page.keyboard.press("e")
    page.locator(".segment__input").fill(text)
    page.keyboard.press("Enter")


def texts(page: Page) -> list[str]:
    return page.locator(".segment__text").all_inner_texts()


def text_on_server(page: Page, id: str) -> str:
    return str(page.request.get(f"{API}/{id}").json()["text"])


def test_a_paragraph_is_shifted_by_an_edge_and_by_figures(open_page: Callable[..., Page], id: str) -> None:
    page = open_page(f"/transcriptions/{id}")
    expect(page.locator("[data-save-state]")).to_be_attached()
    wait_for(page, "document.querySelectorAll('.waveform__speech').length === 3")
    box = page.locator("[data-waveform]").bounding_box()
    assert box
    at, middle = box["width"] / 21, box["y"] + box["height"] / 2  # pixels of a second
    page.mouse.click(box["x"] + 9 * at, middle)  # the second one, from 7 to 12
    edge = box["x"] + 12 * at
    page.mouse.move(edge + 1, middle)
    page.mouse.down()
    page.mouse.move(edge + 1.5 * at, middle, steps=4)
    page.mouse.up()

    expect(page.locator("[data-save-state]")).to_contain_text(SAVED)
    edits = page.request.get(f"{API}/{id}/edits").json()["edits"]
    assert edits[0]["pieces"][0]["end"] == pytest.approx(13.5, abs=0.1)
    page.locator(".segment__content").nth(1).dblclick()
    page.get_by_role("spinbutton", name="From").fill("6.5")
    page.get_by_role("spinbutton", name="From").press("Enter")
    page.get_by_role("spinbutton", name="to (s)").fill("99")
    page.get_by_role("spinbutton", name="to (s)").press("Enter")
    expect(page.get_by_role("spinbutton", name="to (s)")).to_have_value("14.00")  # where the next one begins
    expect(page.locator("[data-save-state]")).to_contain_text(SAVED)
    check_accessible(page)
    page.reload()
    expect(page.locator(".segment").nth(1)).to_have_attribute("data-end", "14")
    expect(page.locator(".segment").nth(1)).to_have_attribute("data-start", "6.5")


def test_a_word_that_is_pressed_is_played_and_marked(page: Page) -> None:
    page.locator(".word", has_text="second").click()

    expect(page.locator(".word.is-playing")).to_have_text(re.compile("second|one|is|short"))
    assert 8 <= page.evaluate(CURRENT_TIME) < 12
    expect(page.locator(".segment").nth(1)).to_have_class(re.compile("is-current"))


@pytest.mark.parametrize(
    "arguments",
    [
        ["-f", "mp3", "-q:a", "8", "-write_xing", "0"],
        ["-c:a", "libopus", "-f", "webm", "-live", "1"],
        ["-c:a", "aac", "-f", "adts"],
        ["-c:a", "wmav2", "-f", "asf"],
    ],
    ids=["mp3 without its length", "webm without its length", "bare aac", "wma"],
)
def test_a_word_is_played_where_it_sounds_in_every_container(
    open_page: Callable[..., Page], queue: Queue, tmp_path: Path, arguments: list[str]
) -> None:
    """Word k lasts from second k on and sounds as 300 + 100 k Hz."""
    times = np.arange(RATE) / RATE
    steps = [0.5 * np.sin(2 * np.pi * (300 + 100 * second) * times) for second in range(12)]
    (tmp_path / "steps.wav").write_bytes(wav_bytes((np.concatenate(steps) * 32767).astype(np.int16)))
    encoded = tmp_path / "steps"
    command = ["ffmpeg", "-v", "error", "-i", str(tmp_path / "steps.wav"), *arguments, str(encoded)]
    subprocess.run(command, check=True)
    words = [[f"word{second}"] for second in range(12)]
    page = open_page(f"/transcriptions/{recognised(queue, words, encoded.read_bytes(), seconds_each=1.0, pause=0.0)}")
    expect(page.locator('[data-field="length"]')).to_have_text("0:12")

    for second in (9, 2):
        page.locator(".word", has_text=re.compile(f"^word{second}$")).click()
        heard = page.evaluate(HEARD_HERTZ)
        assert heard == pytest.approx(300 + 100 * second, abs=15)
        page.keyboard.press("k")


def test_unsure_words_are_marked_as_much_as_the_person_wants(page: Page) -> None:
    expect(page.locator(".word.is-unsure")).to_have_text(["seven?"])
    expect(page.locator(".word.is-unsure")).to_have_attribute("title", "30% sure")

    page.locator("summary", has=page.locator("svg")).and_(page.get_by_label("Unsure words")).click()
    page.get_by_label("Mark below").fill("95")
    expect(page.locator(".word.is-unsure")).to_have_count(24)
    page.get_by_label("Mark unsure words").uncheck()
    expect(page.locator(".word.is-unsure")).to_have_count(0)

    page.reload()
    expect(page.locator(".word")).to_have_count(24)
    expect(page.locator(".word.is-unsure")).to_have_count(0)


def test_the_player_is_moved_by_keys(page: Page) -> None:
    page.keyboard.press("l")
    wait_for(page, f"{CURRENT_TIME} === 10")
    page.keyboard.press("ArrowLeft")
    wait_for(page, f"{CURRENT_TIME} === 5")
    page.keyboard.press("n")
    expect(page.locator("[data-unsure]")).to_contain_text("No unsure word after this")
    page.keyboard.press("p")
    expect(page.locator(".word.is-playing")).to_have_text("seven?")
    page.keyboard.press(">")
    expect(page.locator("[data-speed]")).to_have_value("1.25")
    page.keyboard.press("k")
    wait_for(page, "!document.querySelector('audio').paused")


def test_silence_is_skipped_and_a_paragraph_repeated(page: Page) -> None:
    page.keyboard.press("s")
    page.evaluate("document.querySelector('audio').currentTime = 4.8")
    page.keyboard.press("k")
    wait_for(page, f"{CURRENT_TIME} >= 6.8")
    page.keyboard.press("k")

    page.evaluate("document.querySelector('audio').currentTime = 11.7")
    page.keyboard.press("r")
    expect(page.get_by_role("button", name="Repeat this paragraph")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("k")
    wait_for(page, f"{CURRENT_TIME} > 6.9 && {CURRENT_TIME} < 9")


def test_a_paragraph_is_put_right_saved_and_still_there_after_a_reload(page: Page, id: str) -> None:
    edit(page, 1, "the second one was short.")

    expect(page.get_by_text(SAVED)).to_be_visible()
    assert "the second one was short." in text_on_server(page, id)
    expect(page.locator(".segment").nth(1).locator(".word")).to_have_text(["the", "second", "one", "was", "short."])
    page.reload()
    expect(page.locator(".segment__text").nth(1)).to_have_text("the second one was short.")


def test_the_original_is_one_click_away_and_what_changed_is_marked(page: Page, id: str) -> None:
    edit(page, 1, "the second one was short")
    expect(page.get_by_text(SAVED)).to_be_visible()

    page.get_by_text("Changes", exact=True).click()
    row = page.locator(".segment").nth(1)
    expect(row.locator("del")).to_have_text("is")
    expect(row.locator("ins")).to_have_text("was")
    row.hover()
    row.get_by_role("button", name="Restore the original of this paragraph").click()

    expect(page.locator(".segment__text").nth(1)).to_have_text("the second one is short")
    expect(page.get_by_text(SAVED)).to_be_visible()
    assert page.request.get(f"{API}/{id}/edits").json()["edits"] == []


def test_a_paragraph_is_split_at_the_caret_and_joined_again(page: Page, id: str) -> None:
    page.locator(".segment").first.locator(".word", has_text="has").dblclick()
    page.keyboard.press("Control+Enter")

    expect(page.locator(".segment__text").nth(1)).to_have_text("has seven? words here")
    expect(page.get_by_text(SAVED)).to_be_visible()
    wait_for(page, "Math.abs(Number(document.querySelectorAll('.segment')[1].dataset.start) - 2.143) < 0.01")
    page.keyboard.press("Escape")
    assert texts(page)[0] == "the first sentence"

    page.locator(".segment").first.locator(".segment__time").focus()
    page.keyboard.press("e")
    page.get_by_role("button", name="Join with the next").click()
    page.keyboard.press("Enter")
    expect(page.locator(".segment")).to_have_count(3)
    wait_for(page, "document.querySelector('.save-state').dataset.saving === 'saved'")
    assert page.request.get(f"{API}/{id}/edits").json()["edits"] == []


def test_every_step_can_be_undone_and_done_again(page: Page, id: str) -> None:
    before = texts(page)
    edit(page, 0, "one")
    edit(page, 1, "two")

    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    assert texts(page) == before
    page.keyboard.press("Control+Shift+z")
    assert texts(page) == ["one", *before[1:]]
    expect(page.get_by_text(SAVED)).to_be_visible()
    assert text_on_server(page, id).startswith("one the second")
    page.get_by_role("button", name="Undo").click()
    assert texts(page) == before


def test_find_and_replace_says_how_many_before_it_changes_them(page: Page, id: str) -> None:
    expect_editable(page)
    page.keyboard.press("f")
    bar = page.get_by_role("search", name="Find and replace")
    bar.get_by_label("Find", exact=True).fill("THE")
    expect(bar.get_by_role("status")).to_have_text("1 of 2 (paragraphs: 2)")
    bar.get_by_label("Match case").check()
    expect(bar.get_by_role("status")).to_have_text("Nothing found")
    bar.get_by_label("Match case").uncheck()
    bar.get_by_label("Replace with").fill("a")
    bar.get_by_role("button", name="Replace", exact=True).click()
    expect(bar.get_by_role("status")).to_have_text("1 of 1 (paragraphs: 1)")
    bar.get_by_role("button", name="Replace all").click()
    expect(bar.get_by_role("status")).to_have_text("Replaced: 1")

    assert [text.split()[0] for text in texts(page)[:2]] == ["a", "a"]
    page.get_by_role("button", name="Undo", exact=True).click()
    assert [text.split()[0] for text in texts(page)[:2]] == ["a", "the"]


def test_what_was_replaced_is_said_until_something_else_is_done(page: Page) -> None:
    expect_editable(page)
    page.keyboard.press("f")
    bar = page.get_by_role("search", name="Find and replace")
    bar.get_by_label("Find", exact=True).fill("the")
    bar.get_by_label("Replace with").fill("a")
    bar.get_by_role("button", name="Replace all").click()
    expect(page.get_by_text("All changes are saved")).to_be_visible()

    expect(bar.get_by_role("status")).to_have_text("Replaced: 2")
    expect(bar.get_by_label("Find", exact=True)).to_be_focused()
    bar.get_by_role("button", name="Undo the replacement").click()
    expect(bar.get_by_role("status")).to_have_text("1 of 2 (paragraphs: 2)")
    page.keyboard.press("Escape")
    expect(bar).to_be_hidden()


@pytest.mark.parametrize("size", [(1366, 768), (390, 844)])
def test_find_and_the_state_of_saving_stay_in_sight_when_scrolled(
    open_page: Callable[..., Page], queue: Queue, size: tuple[int, int]
) -> None:
    width, height = size
    many = tuple(f"Sentence number {number} has the word." for number in range(120))
    page = open_page(f"/transcriptions/{recognised(queue, many)}", viewport={"width": width, "height": height})
    expect(page.locator("[data-editable]")).to_be_attached()
    expect_editable(page)
    page.keyboard.press("f")
    bar = page.get_by_role("search", name="Find and replace")
    bar.get_by_label("Find", exact=True).fill("number 90")

    expect(bar.get_by_role("status")).to_have_text("1 of 1 (paragraphs: 1)")
    expect(page.locator(".segment").nth(90)).to_be_in_viewport()
    for part in (bar.get_by_label("Find", exact=True), page.get_by_role("button", name="Undo", exact=True)):
        expect(part).to_be_in_viewport(ratio=1)
    edit(page, 90, "Another text.")
    expect(page.get_by_text("All changes are saved")).to_be_in_viewport()


def test_the_sound_pauses_while_a_paragraph_is_written_and_esc_gives_its_text_back(page: Page, id: str) -> None:
    before = texts(page)
    heights = [page.locator(".segment").nth(0).evaluate("row => row.offsetHeight")]
    page.locator(".segment").first.hover()
    heights.append(page.locator(".segment").nth(0).evaluate("row => row.offsetHeight"))
    assert heights[0] == heights[1]
    page.locator(".word", has_text="first").click()
    wait_for(page, "!document.querySelector('audio').paused")

    page.keyboard.press("e")
    wait_for(page, "document.querySelector('audio').paused")
    page.keyboard.type(" and more")
    page.keyboard.press("Escape")

    wait_for(page, "!document.querySelector('audio').paused")
    assert texts(page) == before
    expect(page.locator(".segment").first.locator(".segment__time")).to_be_focused()
    page.keyboard.press("Control+Shift+z")
    assert texts(page)[0].endswith(" and more")
    expect(page.locator(".word.is-unsure")).to_have_count(0)  # a person has read this sentence


def test_the_focus_is_never_lost_and_a_click_frames_nothing(page: Page) -> None:
    page.locator(".word", has_text="second").click()
    page.keyboard.press("k")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "none"
    page.keyboard.press("Space")

    def has_focus(selector: str) -> bool:
        return bool(page.evaluate("selector => document.activeElement.matches(selector)", selector))

    edit(page, 0, "one")
    page.get_by_role("button", name="Undo", exact=True).press("Enter")
    wait_for(page, "document.activeElement.dataset.action === 'redo'")  # undoing can do nothing more
    expect_editable(page)
    page.keyboard.press("f")
    page.get_by_role("button", name="Close").press("Enter")
    wait_for(page, "document.activeElement !== document.body")
    page.locator(".segment").first.locator(".segment__time").focus()
    page.keyboard.press("e")
    page.get_by_role("button", name="Finish").press("Enter")
    assert has_focus(".segment__time")


def test_two_windows_do_not_overwrite_each_other_unasked(page: Page, open_page: Callable[..., Page], id: str) -> None:
    other = open_page(f"/transcriptions/{id}")
    expect(other.locator(".word")).to_have_count(24)
    edit(page, 0, "mine")
    expect(page.get_by_text(SAVED)).to_be_visible()

    edit(other, 1, "another paragraph")  # no clash: both stay
    expect(other.get_by_text(SAVED)).to_be_visible()
    assert texts(other)[:2] == ["mine", "another paragraph"]

    edit(page, 1, "a clash")
    expect(page.get_by_text("Not saved: changed elsewhere")).to_be_visible()
    assert "another paragraph" in text_on_server(page, id)
    page.get_by_role("button", name="Take the other text").click()
    expect(page.locator(".segment__text").nth(1)).to_have_text("another paragraph")

    edit(other, 0, "theirs")
    expect(other.get_by_text(SAVED)).to_be_visible()
    edit(page, 0, "mine again")
    page.get_by_role("button", name="Keep mine").click()
    expect(page.get_by_text(SAVED)).to_be_visible()
    assert text_on_server(page, id).startswith("mine again another paragraph")


def test_what_is_written_without_a_network_is_kept_and_sent_later(unwatched: Page, id: str) -> None:
    page = unwatched
    page.goto(f"/transcriptions/{id}")
    expect(page.locator(".word")).to_have_count(24)

    def cut(route: Route) -> None:
        if route.request.method == "PATCH":
            route.abort()
        else:
            route.continue_()

    page.route("**/edits*", cut)
    edit(page, 0, "written in a tunnel")
    expect(page.get_by_text("Not saved yet, kept in this browser")).to_be_visible()

    page.reload()
    expect(page.locator(".segment__text").first).to_have_text("written in a tunnel")
    expect(page.get_by_text("Not saved yet, kept in this browser")).to_be_visible()
    assert "tunnel" not in text_on_server(page, id)

    page.unroute("**/edits*")
    page.get_by_role("button", name="Save now").click()
    expect(page.get_by_text(SAVED)).to_be_visible()
    assert "tunnel" in text_on_server(page, id)
    page.reload()
    expect(page.locator(".segment__text").first).to_have_text("written in a tunnel")


def test_the_page_breaks_no_rule_of_accessibility_while_it_is_edited(page: Page) -> None:
    edit(page, 0, "one")
    expect_editable(page)
    page.keyboard.press("f")
    page.get_by_text("Changes", exact=True).click()
    page.locator(".segment").nth(1).locator(".segment__time").focus()
    page.keyboard.press("e")
    expect(page.locator(".segment__input")).to_be_focused()

    check_accessible(page)


def test_a_link_leads_to_its_moment(open_page: Callable[..., Page], id: str) -> None:
    page = open_page(f"/transcriptions/{id}?t=15.00")

    expect(page.locator(".segment").nth(2)).to_have_class(re.compile("is-current"))
    assert page.evaluate(CURRENT_TIME) == 15


def test_a_long_text_is_made_of_words_only_where_it_is_looked_at(open_page: Callable[..., Page], queue: Queue) -> None:
    words = ["a", "long", "day", "has", "a", "hundred", "thousand", "words"]
    id = recognised(queue, [words] * 600, pause=2.0)
    page = open_page(f"/transcriptions/{id}")

    expect(page.locator(".segment")).to_have_count(600)
    expect(page.locator(".word").first).to_be_visible()
    assert page.locator(".word").count() < 600
    page.locator(".segment").last.scroll_into_view_if_needed()
    expect(page.locator(".segment").last.locator(".word")).to_have_count(8)
    assert page.locator(".segment").first.locator(".word").count() == 0


def test_the_export_follows_the_edit_and_the_original_can_be_had(page: Page) -> None:
    edit(page, 0, "put right")
    expect(page.get_by_text(SAVED)).to_be_visible()

    def exported() -> str:
        with page.expect_download() as download:
            page.locator('[data-export="txt"]').click()
        return Path(download.value.path()).read_text(encoding="utf-8")

    assert exported().startswith("put right\n")
    page.get_by_label("Export the original text").check()
    assert exported().startswith("the first sentence")


def test_subtitles_are_cut_as_the_person_wants_them(page: Page) -> None:
    page.locator("summary", has_text="Subtitles and names").click()
    page.get_by_label("Line length").fill("16")
    page.get_by_label("Lines", exact=True).fill("9")
    expect(page.locator("[data-export-style] [role=alert]")).to_be_visible()
    page.get_by_label("Lines", exact=True).fill("2")
    expect(page.locator("[data-export-style] [role=alert]")).to_be_hidden()
    page.reload()

    with page.expect_download() as download:
        page.locator('[data-export="srt"]').click()
    lines = Path(download.value.path()).read_text(encoding="utf-8").splitlines()
    assert max(map(len, lines[2:4])) <= 16
    assert lines[2:4] == ["the first", "sentence"]


def test_a_word_document_is_downloaded(page: Page) -> None:
    with page.expect_download() as download:
        page.locator('[data-export="docx"]').click()

    written = Document(download.value.path())
    assert written.paragraphs[0].text == "talk"
    assert written.paragraphs[4].text == "0:14  今天天气很好我们出去走走"


def test_on_paper_there_is_the_text_and_nothing_to_press(page: Page) -> None:
    page.emulate_media(media="print")

    expect(page.locator("h1")).to_be_visible()
    expect(page.locator(".segment__text").last).to_be_visible()
    expect(page.locator(".segment__time").first).to_be_visible()
    for gone in (
        ".site-header",
        ".player",
        ".transcript__toolbar",
        "aside",
        '[data-field="model"]',
        '[data-field="device"]',
    ):
        expect(page.locator(gone).first).to_be_hidden()
    assert page.locator("button:visible").all_inner_texts() == ["0:00", "0:07", "0:14"]


def test_more_changes_than_one_request_carries_are_saved_by_and_by(
    open_page: Callable[..., Page], queue: Queue
) -> None:
    id = recognised(queue, [["a", "long", "day", "has", "a", "hundred", "thousand", "words"]] * 600, pause=2.0)
    page = open_page(f"/transcriptions/{id}")
    expect(page.locator(".word").first).to_be_visible()

    expect_editable(page)
    page.keyboard.press("f")
    bar = page.get_by_role("search", name="Find and replace")
    bar.get_by_label("Find", exact=True).fill("hundred")
    bar.get_by_label("Replace with").fill("million")
    bar.get_by_role("button", name="Replace all").click()

    expect(page.get_by_text(SAVED)).to_be_visible()
    found = page.request.get(f"{API}/{id}/edits?words=false").json()
    assert len(found["edits"]) == 600
    assert found["revision"] > 1
