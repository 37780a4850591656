"""The captions window, and the page on which an audience reads along."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect

from app.composition import login_rule
from app.domain.people import Role
from app.services.people.accounts import Accounts
from app.settings import Settings
from tests.browser.axe import check_accessible
from tests.browser.conftest import Server, Watch, hearing, serving
from tests.browser.contexts import Contexts, new_context
from tests.browser.engine import SENTENCES
from tests.browser.line import Line
from tests.browser.voice import write_voice
from tests.conftest import data_folder
from tests.databases import database_in

PASSWORD = "four words in a row"
ANY_SENTENCE = re.compile("|".join(re.escape(text) for text, _ in SENTENCES))


@pytest.fixture(scope="module", name="speaking")
def _speaking(launch: Callable[..., Browser], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    voice = write_voice(tmp_path_factory.mktemp("sounds") / "voice.wav", 60)
    browser = launch(*hearing(voice), is_whole=True)  # only the whole one has windows that stay on top
    yield browser
    browser.close()


@pytest.fixture(scope="module", name="stages")
def _stages(speaking: Browser) -> Contexts:
    return Contexts(speaking)


@pytest.fixture(name="live")
def _live(stages: Contexts, server: Server) -> Iterator[Page]:
    page = stages.take(server.address, permissions=["microphone"])
    watch = Watch(page, server.address)
    page.goto("/live")
    yield page
    watch.stop()
    stages.put_back(page)
    assert watch.complaints == []


@pytest.fixture(name="context")
def _context(live: Page) -> BrowserContext:
    return live.context


@pytest.fixture(name="line")
def _line(server: Server) -> Iterator[Line]:
    with Line(urlsplit(server.address).port or 0) as line:
        yield line


def start(page: Page) -> None:
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.locator("[data-live]")).to_have_attribute("data-state", "recording")
    expect(page.locator("[data-finals] li")).not_to_have_count(0)


def finish(page: Page) -> None:
    page.get_by_role("button", name="Finish").click()
    expect(page.locator("[data-live]")).to_have_attribute("data-state", "ended")


def opened_captions(page: Page) -> Page:
    with page.context.expect_page() as opened:
        page.keyboard.press("c")
    return opened.value


def look_of(page: Page) -> tuple[str, str, str]:
    value = page.evaluate(
        """() => {
          const { style, dataset } = document.documentElement;
          return [style.getPropertyValue("--caption-size"), style.getPropertyValue("--caption-lines"), dataset.colours];
        }"""
    )
    return value[0], value[1], value[2]


def audience_address(page: Page) -> str:
    page.get_by_role("button", name="For the audience").click()
    address = page.locator("#audience").get_by_role("link", name="Open").get_attribute("href") or ""
    page.keyboard.press("Escape")
    return address


def test_the_captions_stay_on_top_look_as_wanted_and_close_with_the_session(live: Page) -> None:
    start(live)
    captions = opened_captions(live)
    assert live.evaluate("documentPictureInPicture.window !== null")
    expect(captions.locator("[data-lines]")).to_contain_text(ANY_SENTENCE)
    check_accessible(captions)
    before = look_of(captions)

    captions.keyboard.press("+")
    captions.keyboard.press("ArrowUp")
    captions.keyboard.press("c")
    captions.get_by_role("button", name="Larger type").click()
    after = look_of(captions)
    assert (before, after) == (("36px", "3", "dark"), ("60px", "4", "yellow"))
    with suppress(Error):  # the key comes up in a window that is gone
        captions.keyboard.press("Escape")
    expect(live.get_by_role("button", name="Captions window")).to_have_attribute("aria-pressed", "false")

    again = opened_captions(live)
    assert look_of(again) == after
    with again.expect_event("close"):
        finish(live)
    expect(live.get_by_role("button", name="Captions window")).to_have_attribute("aria-pressed", "false")


def test_where_no_window_stays_on_top_it_is_a_pop_up_and_says_so(live: Page) -> None:
    live.evaluate("delete window.documentPictureInPicture")
    start(live)
    captions = opened_captions(live)

    expect(captions.locator("[data-lines]")).to_contain_text(ANY_SENTENCE)
    expect(live.get_by_text("This browser keeps no window on top")).to_be_visible()
    with captions.expect_event("close"):
        finish(live)


def test_a_window_that_is_blocked_is_told(live: Page) -> None:
    live.evaluate("() => { delete window.documentPictureInPicture; window.open = () => null; }")
    live.get_by_role("button", name="Captions window").click()

    expect(live.get_by_text("Allow pop-ups for this page")).to_be_visible()


def test_the_audience_reads_from_the_beginning_to_the_end(live: Page, context: BrowserContext, server: Server) -> None:
    start(live)
    reader = context.new_page()
    watch = Watch(reader, server.address)
    reader.goto(audience_address(live))

    expect(reader.locator("[data-audience]")).to_have_attribute("data-state", "open")
    first = live.locator("[data-finals] .utterance__text").first.inner_text()
    expect(reader.locator("[data-finals] .utterance__text").first).to_have_text(first)
    expect(reader.locator("[data-partial]")).to_contain_text(ANY_SENTENCE)
    check_accessible(reader)
    finish(live)
    expect(reader.locator("[data-audience]")).to_have_attribute("data-state", "ended")
    expect(reader.get_by_text("The session has ended.")).to_be_visible()
    said = live.locator("[data-finals] .utterance__text").all_inner_texts()
    expect(reader.locator("[data-finals] .utterance__text")).to_have_text(said)
    expect(reader.locator("[data-partial]")).to_be_hidden()

    reader.reload()
    expect(reader.locator("[data-finals] .utterance__text")).to_have_text(said)
    expect(reader.locator("[data-audience]")).to_have_attribute("data-state", "ended")
    assert watch.complaints == []


def test_readers_go_on_by_themselves_when_either_line_was_cut(context: BrowserContext, line: Line) -> None:
    speaker = context.new_page()
    speaker.goto(f"{line.address}/live")
    start(speaker)
    address = audience_address(speaker)
    reader = context.new_page()
    reader.goto(f"{line.address}{urlsplit(address).path}")
    expect(reader.locator("[data-finals] li")).not_to_have_count(0)

    line.cut()
    expect(reader.get_by_text("Connection lost. It goes on by itself.")).to_be_visible()
    line.mend()
    expect(reader.locator("[data-audience]")).to_have_attribute("data-state", "open")
    expect(speaker.locator("[data-live]")).to_have_attribute("data-link", "open")
    before = reader.locator("[data-finals] li").count()
    expect(reader.locator("[data-finals] li").nth(before)).to_be_visible()
    finish(speaker)
    said = speaker.locator("[data-finals] .utterance__text").all_inner_texts()
    expect(reader.locator("[data-finals] .utterance__text")).to_have_text(said)


def test_the_type_of_the_audience_is_large_and_changed_by_keys(live: Page, context: BrowserContext) -> None:
    start(live)
    reader = context.new_page()
    reader.goto(audience_address(live))
    size = "parseFloat(getComputedStyle(document.querySelector('[data-finals] .utterance__text')).fontSize)"
    expect(reader.locator("[data-finals] li")).not_to_have_count(0)
    before = reader.evaluate(size)
    reader.keyboard.press("+")

    assert before >= 30
    assert reader.evaluate(size) > before
    reader.keyboard.press("c")
    expect(reader.locator("[data-audience]")).to_have_attribute("data-colours", "yellow")
    finish(live)


def test_a_phone_shows_the_audience_page_whole(live: Page, context: BrowserContext) -> None:
    start(live)
    reader = context.new_page()
    reader.set_viewport_size({"width": 390, "height": 844})
    reader.goto(audience_address(live))
    expect(reader.locator("[data-finals] li")).not_to_have_count(0)

    assert reader.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert reader.evaluate("document.documentElement.scrollHeight <= innerHeight + 1")
    finish(live)


@pytest.fixture(name="office")
def _office(tmp_path: Path, empty: Path) -> Iterator[Server]:
    """A server on which li logs in."""
    data = data_folder(tmp_path / "data", empty)
    with closing(database_in(data)) as database:
        database.migrate()
        accounts = Accounts(database, login_rule(Settings(data_dir=data, login="always")))
        accounts.people.add("li", Role.ADMINISTRATOR, password=PASSWORD)
    with serving(data, "login=always") as server:
        yield server


def test_a_link_lets_guests_read_along_until_it_is_taken_back(speaking: Browser, office: Server) -> None:
    owner = new_context(speaking, office.address, permissions=["microphone"]).new_page()
    owner.goto("/live")
    owner.get_by_label("Name").fill("li")
    owner.get_by_label("Password").fill(PASSWORD)
    owner.get_by_role("button", name="Log in").click()
    expect(owner.locator("[data-login]")).to_have_count(0)
    owner.goto("/live")
    start(owner)
    owner.get_by_role("button", name="For the audience").click()
    dialog = owner.locator("#audience")
    dialog.get_by_role("button", name="Create a link").click()
    expect(dialog.locator("[data-shares] li")).to_have_count(1)
    check_accessible(owner)
    link = dialog.locator("[data-field=secret]").inner_text()

    guest = new_context(speaking, office.address).new_page()
    guest.goto(link)
    expect(guest).to_have_url(re.compile(r"/live/[0-9a-f]+/view$"))
    expect(guest.locator("[data-finals] li")).not_to_have_count(0)
    guest.context.new_page().goto("/history")
    expect(guest.context.pages[-1]).to_have_url(re.compile("/login"))

    dialog.get_by_role("button", name="Take back").click()
    expect(dialog.locator("[data-shares] li")).to_have_count(0)
    expect(guest.locator("[data-audience]")).to_have_attribute("data-state", "gone")
    expect(guest.get_by_text("the link was revoked")).to_be_visible()
    for page in (owner, guest):
        page.context.close()
