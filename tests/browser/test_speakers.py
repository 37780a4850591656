"""Speakers on the page of a transcript: seen, named, joined, and put right with a few presses."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import insert

from app.domain.speakers import SpeakerTurn
from app.services.transcriptions.job_queue import Queue
from app.store import tables
from app.store.files.recordings import Files
from app.store.queries import diarizations
from tests.browser.axe import check_accessible
from tests.browser.conftest import Server
from tests.databases import database_in, in_database
from tests.recognised import recognised


@pytest.fixture(name="page")
def _page(open_page: Callable[..., Page], server: Server, finished: str) -> Iterator[Page]:
    """A transcript of three paragraphs by three speakers."""
    rows = in_database(
        server.data_dir, 'SELECT start, "end" FROM segments WHERE transcription_id = :id ORDER BY "index"', id=finished
    )
    turns = [[start, end, number, 1.0] for number, (start, end) in enumerate(rows, start=1)]
    values = {"transcription_id": finished, "model": "test", "turns": turns}
    in_database(server.data_dir, insert(tables.diarizations).values(values))
    yield open_page(f"/transcriptions/{finished}")
    in_database(server.data_dir, "DELETE FROM diarizations")


def test_each_paragraph_says_who_speaks(page: Page) -> None:
    labels = page.locator(".segment__speakers")
    expect(labels).to_have_text(["Speaker 1", "Speaker 2", "Speaker 3"])
    expect(page.locator("[data-speakers] .speaker")).to_have_count(3)
    expect(page.locator("[data-speakers]")).to_contain_text("Turns: 1")
    check_accessible(page)


def test_a_name_holds_for_the_whole_recording_and_survives_a_reload(page: Page) -> None:
    name = page.get_by_label("Name of speaker 2")
    name.fill("Anna")
    name.press("Enter")
    expect(page.locator(".segment__speakers").nth(1)).to_have_text("Anna")
    page.reload()
    expect(page.get_by_label("Name of speaker 2")).to_have_value("Anna")
    expect(page.locator(".segment__speakers").nth(1)).to_have_text("Anna")


def test_a_paragraph_of_two_speakers_becomes_two_paragraphs(open_page: Callable[..., Page], server: Server) -> None:
    database = database_in(server.data_dir)
    id = recognised(Queue(database, Files(server.data_dir)), ("今天天气好", "明天下雨"))
    with database.writing() as connection:
        diarizations.replace(connection, id, "test", [SpeakerTurn(0.0, 2.0, 1), SpeakerTurn(2.0, 30.0, 2)])
    database.close()
    page = open_page(f"/transcriptions/{id}")

    page.get_by_role("button", name="New paragraph for each speaker").click()

    expect(page.locator(".segment__text")).to_have_text(["今天", "天气好", "明天下雨"])
    expect(page.locator(".segment__speakers")).to_have_text(["Speaker 1", "Speaker 2", "Speaker 2"])
    expect(page.get_by_role("button", name="New paragraph for each speaker")).to_be_hidden()
    check_accessible(page)


def test_two_speakers_are_joined(page: Page) -> None:
    item = page.locator("[data-speakers] .speaker").nth(2)
    item.get_by_label("The same person as another speaker").select_option(label="Speaker 1")
    expect(page.locator(".segment__speakers")).to_have_text(["Speaker 1", "Speaker 2", "Speaker 1"])
    expect(page.locator("[data-speakers] .speaker")).to_have_count(2)


def test_a_paragraph_is_given_to_another_speaker(page: Page) -> None:
    page.locator(".segment__speakers").nth(1).click()
    dialog = page.get_by_role("dialog", name="Who speaks here?")
    dialog.get_by_role("combobox").select_option(label="Speaker 3")
    check_accessible(page)
    dialog.get_by_role("button", name="Save").click()
    expect(page.locator(".segment__speakers")).to_have_text(["Speaker 1", "Speaker 3", "Speaker 3"])


def test_from_here_on_somebody_else_speaks(page: Page) -> None:
    page.locator("[data-speakers] .speaker").nth(2).get_by_label("The same person").select_option(label="Speaker 1")
    expect(page.locator(".segment__speakers").nth(2)).to_have_text("Speaker 1")
    page.locator(".segment__speakers").nth(2).click()
    dialog = page.get_by_role("dialog", name="Who speaks here?")
    dialog.get_by_role("combobox").select_option(label="Somebody else")
    dialog.get_by_text("From here on").click()
    dialog.get_by_role("button", name="Save").click()
    expect(page.locator(".segment__speakers")).to_have_text(["Speaker 1", "Speaker 2", "Speaker 3"])


def test_speakers_can_be_asked_for_with_a_recording(open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.locator("[name=speakers]").select_option("auto")
    page.reload()
    expect(page.locator("[name=speakers]")).to_have_value("auto")
