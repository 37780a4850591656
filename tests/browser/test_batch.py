"""Many recordings at once: nothing is lost, one bad file stops no other, and the page stays responsive."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.axe import check_accessible
from tests.browser.conftest import Server
from tests.browser.contexts import new_context
from tests.browser.line import Line
from tests.engine.sounds import babble, silence, wav_bytes
from tests.waiting import wait_until

SOME_ARE_SENT = re.compile("[1-5] of 6 files uploaded")
DROP = """async ([zone, files]) => {
    const transfer = new DataTransfer();
    for (const [name, content] of files) {
        const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
        transfer.items.add(new File([bytes], name));
    }
    document.querySelector(zone).dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
}"""


def write_sounds(folder: Path, count: int, seconds: float = 0.6) -> list[Path]:
    """Write `count` recordings that differ in their content."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number in range(count):
        path = folder / f"call {number:02}.wav"
        sound = np.concatenate([silence(0.2 + number / 100), babble(seconds), silence(0.3)])
        path.write_bytes(wav_bytes((sound * 32767).astype(np.int16)))
        paths.append(path)
    return paths


def choose(page: Page, *paths: Path) -> None:
    page.locator('[data-choose="files"]:visible, .drop-zone:visible [data-choose="files"]').first.set_input_files(
        list(paths)
    )


def start(page: Page, name: str) -> None:
    page.get_by_label("Name of the batch").fill(name)
    page.get_by_role("button", name="Start the batch").click()
    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()


def row(page: Page, name: str) -> Locator:
    return page.locator(".batch-item", has_text=name)


def batch_of(page: Page) -> dict[str, Any]:
    id = urlsplit(page.url).path.rpartition("/")[2]
    batch: dict[str, Any] = page.request.get(f"/api/v1/batches/{id}").json()
    return batch


def expect_line(page: Page, text: str) -> None:
    expect(page.locator('[data-batch] [data-field="line"]')).to_contain_text(text)


def export(page: Page, format: str) -> bytes:
    page.locator("[data-exports] > summary").click()
    with page.expect_download() as download:
        page.locator(f'[data-export="{format}"]').click()
    page.keyboard.press("Escape")
    return Path(download.value.path()).read_bytes()


def test_twelve_dropped_files_are_exported_and_only_the_corrupt_one_fails(
    open_page: Callable[..., Page], tmp_path: Path
) -> None:
    page = open_page("/batch")
    files = [(path.name, path.read_bytes()) for path in write_sounds(tmp_path, 11)]
    files.insert(4, ("corrupt.mp3", b"not a song, only its words\n" * 50))
    page.evaluate(DROP, ["[data-zone]", [(name, base64.b64encode(data).decode()) for name, data in files]])
    expect(page.locator('[data-field="chosen"]')).to_contain_text("12 recordings")

    start(page, "Twelve calls")

    expect_line(page, "11 of 12 done · failed: 1")
    bad = row(page, "corrupt.mp3")
    expect(bad).to_have_attribute("data-state", "failed")
    expect(bad.locator('[data-field="code"]')).to_have_text("not_audio")
    expect(page.locator('.batch-item[data-state="succeeded"]')).to_have_count(11)
    check_accessible(page)
    table = list(csv.reader(io.StringIO(export(page, "csv").decode("utf-8-sig"))))
    assert len(table) == 13
    assert any("2026" in cell for line in table for cell in line)
    assert "call 00.wav" in json.dumps(json.loads(export(page, "json")))
    with zipfile.ZipFile(io.BytesIO(export(page, "srt"))) as archive:
        assert len(archive.namelist()) == 11

    page.get_by_role("button", name="Remove what is no recording 1").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect_line(page, "11 of 11 done")
    expect(bad).to_have_count(0)
    expect(page.get_by_role("button", name="Remove what is no recording")).to_be_hidden()


def test_every_chosen_file_is_listed_and_can_be_left_out_before_the_start(
    open_page: Callable[..., Page], tmp_path: Path
) -> None:
    page = open_page("/batch")
    choose(page, *write_sounds(tmp_path, 12))
    chosen = page.get_by_role("list", name="Chosen files").get_by_role("listitem")

    expect(chosen).to_have_count(12)
    chosen.filter(has_text="call 03.wav").get_by_role("button", name="Remove call 03.wav").click()

    expect(chosen).to_have_count(11)
    expect(page.locator('[data-field="chosen"]')).to_contain_text("11 recordings")
    check_accessible(page)


def test_a_chosen_folder_keeps_its_paths_and_only_recordings(open_page: Callable[..., Page], tmp_path: Path) -> None:
    write_sounds(tmp_path / "calls" / "north", 1)
    write_sounds(tmp_path / "calls" / "south", 2)
    (tmp_path / "calls" / "list.txt").write_text("who called")
    page = open_page("/batch")
    page.locator('[data-composer] [data-choose="folder"]').set_input_files(tmp_path / "calls")
    expect(page.locator('[data-field="left"]')).to_have_text("Left out, because they are no recordings: 1")

    page.keyboard.press("Control+Enter")

    expect(page.get_by_role("heading", level=1, name="calls")).to_be_visible()
    expect(row(page, "calls/north/")).to_have_count(1)
    expect(row(page, "calls/south/")).to_have_count(2)
    expect_line(page, "of 3 done · duplicates: ")  # of earlier tests, too


def test_the_same_sound_twice_is_read_once_and_the_other_leads_to_it(
    open_page: Callable[..., Page], tmp_path: Path
) -> None:
    first, *_ = write_sounds(tmp_path, 1, seconds=0.7)
    second = tmp_path / "the same again.wav"
    second.write_bytes(first.read_bytes())
    page = open_page("/batch")
    choose(page, first, second)
    start(page, "Twins")

    # They are sent side by side: whichever arrives first is read.
    duplicate = page.locator('.batch-item[data-state="duplicate"]')
    expect(duplicate).to_have_count(1)
    expect_line(page, "1 of 2 done · duplicates: 1")
    is_first_read = second.name in duplicate.inner_text()
    duplicate.get_by_role("link", name="this transcript").click()

    expect(page.get_by_role("heading", level=1)).to_have_text(first.name if is_first_read else second.name)


@pytest.fixture(name="line")
def _line(server: Server) -> Iterator[Line]:
    """A line that takes seconds for a recording, so that there is a middle to break it in."""
    with Line(urlsplit(server.address).port or 0, bytes_per_second=150_000) as line:
        yield line


def test_a_reload_in_the_middle_goes_on_with_the_same_files(browser: Browser, line: Line, tmp_path: Path) -> None:
    files = write_sounds(tmp_path, 6, seconds=12)
    page = new_context(browser, line.address).new_page()
    page.goto("/batch")
    choose(page, *files)
    start(page, "Interrupted")
    expect(page.locator('[data-field="sent"]')).to_contain_text(SOME_ARE_SENT)

    page.on("dialog", lambda dialog: dialog.accept())  # the page asks before it lets uploads be broken off
    page.reload()
    expect(page.get_by_text("Not uploaded completely")).to_be_visible()
    line.bytes_per_second = None
    choose(page, *files)

    expect(page.get_by_text("Everything is on the server.")).to_be_visible()
    expect_line(page, "6 of 6 done")
    counts = batch_of(page)["counts"]
    assert counts["total"] == counts["succeeded"] == 6
    page.context.close()


def test_a_network_cut_loses_nothing_and_the_page_says_so(browser: Browser, line: Line, tmp_path: Path) -> None:
    files = write_sounds(tmp_path, 6, seconds=11)
    page = new_context(browser, line.address).new_page()
    page.goto("/batch")
    choose(page, *files)
    start(page, "Cut off")
    expect(page.locator('[data-field="sent"]')).to_contain_text(SOME_ARE_SENT)

    line.cut()
    expect(page.get_by_text("Nothing is lost: sending goes on by itself")).to_be_visible()
    for _ in range(2):  # vain tries
        page.wait_for_event("requestfailed")
    line.bytes_per_second = None
    line.mend()

    expect(page.get_by_text("Everything is on the server.")).to_be_visible()
    expect_line(page, "6 of 6 done")
    counts = batch_of(page)["counts"]
    assert counts["total"] == counts["succeeded"] == 6
    page.context.close()


def test_a_batch_is_paused_resumed_cancelled_and_retried_by_keyboard(
    open_page: Callable[..., Page], tmp_path: Path
) -> None:
    page = open_page("/batch")
    choose(page, *write_sounds(tmp_path, 8, seconds=0.9))
    start(page, "Stop and go")
    expect(page.get_by_text("Everything is on the server.")).to_be_visible()

    page.get_by_role("button", name="Pause").press("Enter")
    expect(page.locator('[data-batch] [data-field="state"]')).to_have_text("Paused")
    page.get_by_role("button", name="Resume").press("Enter")
    expect(page.locator('[data-batch] [data-field="state"]')).to_have_text("Working")
    page.get_by_role("button", name="Cancel the batch").press("Enter")
    expect(page.get_by_role("dialog").get_by_role("button", name="Keep")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator('[data-batch] [data-field="state"]')).to_have_text("Cancelled")
    wait_until(lambda: batch_of(page)["counts"]["running"] == batch_of(page)["counts"]["queued"] == 0)
    counts = batch_of(page)["counts"]
    expect_line(page, f"{counts['succeeded']} of 8 done · cancelled: {counts['cancelled']}")
    page.get_by_role("button", name="Try the failed again").press("Enter")
    expect(page.locator('[data-field="outcome"]')).to_have_text(
        f"Tried again: {counts['cancelled']} · done now: {counts['cancelled']} · without a text again: 0"
    )

    expect(page.locator('.batch-item[data-state="succeeded"]')).to_have_count(8)


def test_a_batch_is_there_when_the_browser_comes_back_and_can_be_deleted(
    open_page: Callable[..., Page], tmp_path: Path
) -> None:
    page = open_page("/batch")
    choose(page, *write_sounds(tmp_path, 2, seconds=0.8))
    start(page, "To come back to")
    expect(page.get_by_text("Everything is on the server.")).to_be_visible()

    later = open_page("/batch")
    later.get_by_role("link", name="To come back to").click()
    expect_line(later, "2 of 2 done")
    later.get_by_role("button", name="Delete").click()
    later.get_by_role("dialog").get_by_role("button", name="Delete").click()

    expect(later.get_by_role("heading", level=1)).to_have_text("Many recordings at once")
    expect(later.get_by_role("link", name="To come back to")).to_have_count(0)


def test_what_waits_is_reordered_by_keyboard(open_page: Callable[..., Page], tmp_path: Path) -> None:
    page = open_page("/batch")
    choose(page, *write_sounds(tmp_path, 8, seconds=1.0))
    start(page, "In order")
    page.get_by_role("button", name="Pause").click()  # now: on a busy machine all may be read before the last is sent
    expect(page.get_by_text("Everything is on the server.")).to_be_visible()
    last = row(page, "call 07.wav")
    expect(last).to_have_attribute("data-state", "queued")

    expect(page.locator('.batch-item[data-state="running"]')).to_have_count(0)  # what was read when it was paused

    last.get_by_role("button", name="to the top").press("Enter")

    expect(last).not_to_have_attribute("data-position", "7")
    waiting = page.locator('.batch-item[data-state="queued"]')
    names = waiting.locator('[data-field="name"]').all_inner_texts()
    waiting.nth(1).get_by_role("checkbox").check()
    waiting.nth(3).get_by_role("checkbox").click(modifiers=["Shift"])
    expect(page.locator('[data-field="selected"]')).to_have_text("3 selected")
    toolbar = page.locator("[data-items-toolbar]")
    toolbar.get_by_role("button", name="Cancel").click()
    expect(page.locator("[data-notices]")).to_contain_text("Cancelled: 3")
    for name in names[1:4]:
        expect(row(page, name)).to_have_attribute("data-state", "cancelled")
    toolbar.get_by_role("checkbox", name="Select all").check()
    expect(page.locator('[data-field="selected"]')).to_have_text("8 selected")
    page.keyboard.press("Escape")
    expect(page.locator(".batch-item [data-select]:checked")).to_have_count(0)
    row(page, names[1]).get_by_role("checkbox").check()
    toolbar.get_by_role("button", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(row(page, names[1])).to_have_count(0)
    page.get_by_role("button", name="Cancel the batch").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel the batch").click()


def test_an_unknown_batch_leads_back_to_all(open_page: Callable[..., Page]) -> None:
    page = open_page("/batch/never-there")

    page.get_by_role("link", name="To all batches").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Many recordings at once")
