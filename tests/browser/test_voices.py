"""Known voices in a browser: remembered with consent, proposed, accepted, refused, and deleted on their own page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import insert

from app.store import tables
from tests.browser.axe import check_accessible_in_both_themes
from tests.browser.conftest import Server, serving, transcribe
from tests.browser.contexts import new_context
from tests.conftest import data_folder
from tests.databases import in_database
from tests.engine.speakers.voices import write_networks

Open = Callable[..., Page]


@pytest.fixture(name="server", scope="module")
def _server(tmp_path_factory: pytest.TempPathFactory, empty: Path) -> Iterator[Server]:
    """A server with a model of speakers, whose weights are made up: what sounds the same is alike all the same."""
    models = tmp_path_factory.mktemp("models")
    (models / "speakers").mkdir()
    write_networks(models / "speakers")
    with serving(data_folder(tmp_path_factory.mktemp("voices"), empty), f"models_dir={models}") as server:
        yield server


@pytest.fixture(name="meetings", scope="module")
def _meetings(browser: Browser, server: Server, recording: Path) -> tuple[str, str]:
    """Two recordings of one voice, which has most of the words in both."""
    context = new_context(browser, server.address)
    first, second = transcribe(context, recording), transcribe(context, recording)
    context.close()
    return first, second


@pytest.fixture(name="talks")
def _talks(server: Server, meetings: tuple[str, str]) -> Iterator[tuple[str, str]]:
    for id in meetings:
        select = 'SELECT start, "end" FROM segments WHERE transcription_id = :id ORDER BY "index"'
        rows = in_database(server.data_dir, select, id=id)
        (start, _), (last, _) = rows[0], rows[2]
        turns = [[start, rows[1][1], 1, 1.0], [last, last + 1.5, 2, 1.0]]
        values = {"transcription_id": id, "model": "test", "turns": turns}
        in_database(server.data_dir, insert(tables.diarizations).values(values))
    yield meetings
    for table in ("diarizations", "voice_proposals", "known_voices"):
        in_database(server.data_dir, f"DELETE FROM {table}")  # noqa: S608 - names of tables


def remember(page: Page, name: str = "王芳") -> None:
    page.get_by_role("button", name="Remember a voice").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_label("Who agreed, and how").fill("herself, in the meeting")
    dialog.get_by_label("The speaker agrees").check()
    dialog.get_by_role("button", name="Remember").click()
    expect(page.get_by_text(f"The voice of {name} is remembered.")).to_be_visible()


def test_a_voice_is_remembered_with_consent_alone(open_page: Open, talks: tuple[str, str]) -> None:
    page = open_page(f"/transcriptions/{talks[0]}")
    page.get_by_role("button", name="Remember a voice").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("王芳")
    dialog.get_by_label("Who agreed, and how").fill("herself")
    check_accessible_in_both_themes(page)
    dialog.get_by_role("button", name="Remember").click()
    expect(dialog).to_be_visible()  # without the consent it is not sent
    page.keyboard.press("Escape")

    page.goto("/voices")
    expect(page.get_by_text("You have remembered no voice.")).to_be_visible()


def test_a_known_voice_is_proposed_and_accepted_with_the_keyboard(open_page: Open, talks: tuple[str, str]) -> None:
    remember(open_page(f"/transcriptions/{talks[0]}"))

    page = open_page(f"/transcriptions/{talks[1]}")
    page.get_by_role("button", name="Look for known voices").press("Enter")
    proposal = page.locator(".proposal")
    expect(proposal).to_contain_text("Speaker 1 sounds like 王芳")
    expect(proposal).to_contain_text("Likeness: 100%")
    expect(page.get_by_label("Name of speaker 1")).to_have_value("")
    check_accessible_in_both_themes(page)

    page.get_by_role("button", name="Name them 王芳").press("Enter")

    expect(page.get_by_label("Name of speaker 1")).to_have_value("王芳")
    expect(page.locator(".segment__speakers").first).to_have_text("王芳")
    expect(proposal).to_have_count(0)


def test_a_refusal_lasts(open_page: Open, talks: tuple[str, str]) -> None:
    remember(open_page(f"/transcriptions/{talks[0]}"))
    page = open_page(f"/transcriptions/{talks[1]}")
    page.get_by_role("button", name="Look for known voices").click()
    page.get_by_role("button", name="No, Speaker 1 is not 王芳").click()
    expect(page.locator(".proposal")).to_have_count(0)
    expect(page.get_by_role("button", name="Look for known voices")).to_be_focused()

    page.get_by_role("button", name="Look for known voices").click()
    expect(page.get_by_text("None of the speakers sounds like somebody you know.")).to_be_visible()


def test_whoever_says_too_little_is_not_remembered(open_page: Open, talks: tuple[str, str]) -> None:
    page = open_page(f"/transcriptions/{talks[0]}")
    page.get_by_role("button", name="Remember a voice").click()
    dialog = page.get_by_role("dialog")
    dialog.locator("[name=speaker]").select_option("Speaker 2")
    dialog.get_by_label("Name").fill("Li")
    dialog.get_by_label("Who agreed, and how").fill("himself")
    dialog.get_by_label("The speaker agrees").check()
    dialog.get_by_role("button", name="Remember").click()
    expect(dialog.get_by_role("alert").first).to_contain_text("says too little")


def test_voices_are_renamed_taken_along_and_deleted(open_page: Open, talks: tuple[str, str], tmp_path: Path) -> None:
    remember(open_page(f"/transcriptions/{talks[0]}"))
    page = open_page("/voices")
    expect(page.locator(".voice")).to_contain_text("herself, in the meeting")
    name = page.locator(".voice").get_by_label("Name")
    with page.expect_response(lambda answer: answer.request.method == "PATCH"):
        name.fill("王芳芳")
        name.press("Tab")
    check_accessible_in_both_themes(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Export").click()
    file = tmp_path / "voices.json"
    download.value.save_as(file)

    page.get_by_role("button", name="Delete the voice of").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("You have remembered no voice.")).to_be_visible()

    page.get_by_label("File of exported voices").set_input_files(file)
    expect(page.get_by_text("Voices added: 1")).to_be_visible()
    expect(page.locator(".voice").get_by_label("Name")).to_have_value("王芳芳")


def test_a_voice_of_another_model_says_that_it_is_not_compared(
    open_page: Open, server: Server, talks: tuple[str, str]
) -> None:
    remember(open_page(f"/transcriptions/{talks[0]}"))
    in_database(server.data_dir, "UPDATE known_voices SET model = 'CAM++ of long ago'")
    expect(open_page("/voices").locator(".voice")).to_contain_text("not compared")
