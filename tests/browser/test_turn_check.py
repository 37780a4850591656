"""The queue of doubtful turns: it plays, a key decides, the next one comes; others follow, and all of it is taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import insert, select, update

from app.engine.speakers.turn_embeddings import TurnEmbeddings
from app.store import tables
from tests.browser.axe import check_accessible
from tests.browser.conftest import Server, wait_for
from tests.databases import in_database

Voice = tuple[float, float, float]
A, B, C = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.7, 0.71)
LIKE_BOTH = (0.66, 0.75, 0.0)
Labelled = Callable[[Sequence[int], Sequence[Voice]], Page]


@pytest.fixture(name="labelled")
def _labelled(open_page: Callable[..., Page], server: Server, finished: str) -> Iterator[Labelled]:
    """Opens a transcript whose turns, all equally long, have these labels and voices."""

    def labelled(labels: Sequence[int], voices: Sequence[Voice]) -> Page:
        duration = in_database(server.data_dir, "SELECT duration FROM transcriptions WHERE id = :id", id=finished)[0][0]
        length = duration / len(labels)
        spans = [(round(n * length, 3), round((n + 0.9) * length, 3)) for n in range(len(labels))]
        turns = [[*span, label, 1.0] for span, label in zip(spans, labels, strict=True)]
        heard = TurnEmbeddings(np.array(spans, dtype=np.float32), np.array(voices, dtype=np.float32)).to_bytes()
        values = {"transcription_id": finished, "model": "test", "turns": turns, "embeddings": heard}
        in_database(server.data_dir, insert(tables.diarizations).values(values))
        return open_page(f"/transcriptions/{finished}")

    yield labelled
    in_database(server.data_dir, "DELETE FROM diarizations")


def opened(page: Page) -> Locator:
    page.get_by_role("button", name="Listen and decide").click()
    return page.get_by_role("dialog", name="Who is this?")


def test_a_key_decides_and_the_next_turn_comes(labelled: Labelled) -> None:
    page = labelled([1, 2, 1, 2, 1, 2, 1, 2], [A, B, A, B, B, B, A, LIKE_BOTH])
    expect(page.locator("[data-turn-check]")).to_contain_text("Turns to check: 2")

    dialog = opened(page)

    expect(dialog.locator("mark")).not_to_be_empty()
    expect(dialog.locator(".turn-choice")).to_have_text(
        ["1Speaker 1as labelled", "2Speaker 2", "9Somebody else"], use_inner_text=False
    )
    check_accessible(page)
    first = dialog.locator("[data-field=turn-time]").inner_text()
    page.keyboard.press("2")
    expect(dialog.locator("[data-field=turns-left]")).to_have_text("Turns to check: 1")
    expect(dialog.locator("[data-field=turn-time]")).not_to_have_text(first)
    page.keyboard.press("1")
    expect(dialog.get_by_text("no other turn is in doubt")).to_be_visible()
    page.keyboard.press("Escape")

    expect(page.locator("[data-turn-check]")).to_be_hidden()
    expect(page.locator("[data-speakers] .speaker").nth(1)).to_contain_text("Turns: 5")
    page.reload()
    expect(page.locator("[data-speakers] .speaker").nth(1)).to_contain_text("Turns: 5")
    expect(page.locator("[data-turn-check]")).to_be_hidden()


def test_turns_with_the_same_voice_follow_and_are_taken_back_with_it(labelled: Labelled) -> None:
    page = labelled([1, 2, 1, 2, 1, 2, 1, 2], [A, B, C, B, C, B, A, B])
    dialog = opened(page)

    page.keyboard.press("9")

    expect(dialog).to_contain_text("Turns with this voice that followed: 1")
    expect(page.locator("[data-speakers] .speaker")).to_have_count(3)
    expect(dialog.get_by_text("no other turn is in doubt")).to_be_visible()
    page.keyboard.press("u")
    expect(dialog.locator("[data-field=turns-left]")).to_have_text("Turns to check: 2")
    expect(page.locator("[data-speakers] .speaker")).to_have_count(2)
    expect(dialog.get_by_role("button", name="Undo")).to_be_disabled()


def test_the_turn_is_played_and_stops_at_its_end(labelled: Labelled) -> None:
    page = labelled([1, 2, 1, 2, 1, 2, 1, 2], [A, B, A, B, B, B, A, B])
    dialog = opened(page)
    start = 4 * page.evaluate("Number(document.querySelector('[data-waveform]').getAttribute('aria-valuemax'))") / 8
    audio = "document.querySelector('[data-player] audio')"
    wait_for(page, f"{audio}.paused && {audio}.currentTime > {start + 0.3}")
    page.keyboard.press("p")
    wait_for(page, f"!{audio}.paused && {audio}.currentTime < {start + 0.3}")
    dialog.get_by_role("button", name="Close").click()
    wait_for(page, f"{audio}.paused")


def test_a_turn_that_is_put_off_comes_again_later(labelled: Labelled) -> None:
    page = labelled([1, 2, 1, 2, 1, 2, 1, 2], [A, B, A, B, B, B, A, LIKE_BOTH])
    dialog = opened(page)
    page.keyboard.press("s")
    expect(dialog.locator("[data-field=turns-left]")).to_have_text("Turns to check: 1")
    page.keyboard.press("s")
    expect(dialog.get_by_text("no other turn is in doubt")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("[data-turn-check]")).to_contain_text("Turns to check: 2")


def test_the_last_correction_is_taken_back_after_a_reload(labelled: Labelled) -> None:
    page = labelled([1, 2, 1, 2, 1, 2, 1, 2], [A, B, C, B, C, B, A, B])
    opened(page)
    page.keyboard.press("9")
    expect(page.locator("[data-speakers] .speaker")).to_have_count(3)
    page.reload()
    expect(page.locator("[data-slot=last-correction]")).to_contain_text("Turns that it changed: 2")
    page.get_by_role("button", name="Undo the last correction").click()
    expect(page.locator("[data-speakers] .speaker")).to_have_count(2)
    expect(page.locator("[data-slot=last-correction]")).to_be_hidden()


def test_the_words_of_the_turn_stand_between_those_around_it(labelled: Labelled, server: Server, finished: str) -> None:
    second = (tables.segments.c.transcription_id == finished) & (tables.segments.c.index == 1)
    both = select(tables.transcriptions.c.duration, tables.segments.c.start).join_from(
        tables.transcriptions, tables.segments
    )
    [(duration, start)] = in_database(server.data_dir, both.where(second))
    turn = 4 * duration / 8 - start  # the fifth one begins so long after the segment
    said = [("好", turn - 0.3), ("we", turn + 0.1), ("start", turn + 0.4), ("now", turn + 1.3)]
    words = [[text, round(at, 3), round(at + 0.1, 3), 0.9, text] for text, at in said]
    in_database(server.data_dir, update(tables.segments).where(second).values(words=words))
    page = labelled([1, 2, 1, 2, 1, 2, 1, 2], [A, B, A, B, B, B, A, B])

    text = opened(page).locator(".turn-check__text")

    expect(text.locator("mark")).to_have_text("we start")
    expect(text).to_have_text("…好 we start now…")
