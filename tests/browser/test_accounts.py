"""People log in, do not see each other's work, and share one text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.composition import login_rule
from app.domain.people import Role
from app.services.people.accounts import Accounts
from app.settings import Settings
from tests.browser.axe import broken_rules_in_both_themes
from tests.browser.conftest import Server, serving, transcribe, watching
from tests.browser.contexts import Contexts
from tests.conftest import data_folder
from tests.databases import database_in

PASSWORD = "four words in a row"


@dataclass(frozen=True)
class Town:
    """A server on which people log in, and browsers that have never been there."""

    server: Server
    first_link: str
    open_browser: Callable[[], Page]

    def visit(self, path: str) -> Page:
        page = self.open_browser()
        page.goto(path)
        return page

    def log_in(self, name: str, path: str = "/") -> Page:
        page = self.visit(path)
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        expect(page.locator("[data-login]")).to_have_count(0)
        page.wait_for_load_state("load")  # buttons answer once the scripts are there
        return page


@pytest.fixture(name="peopled", scope="module")
def _peopled(tmp_path_factory: pytest.TempPathFactory, empty: Path) -> Iterator[tuple[Server, str]]:
    """A server that knows two people, and the link for its first administrator."""
    data = data_folder(tmp_path_factory.mktemp("people") / "data", empty)
    settings = Settings(data_dir=data, login="always")
    with closing(database_in(data)) as database:
        database.migrate()
        accounts = Accounts(database, login_rule(settings))
        secret = accounts.begin(None)
        for name in ("li", "wang"):
            accounts.people.add(name, Role.MEMBER, password=PASSWORD)
    with serving(data, "login=always") as server:
        yield server, f"/welcome#{secret}"


@pytest.fixture(name="town")
def _town(peopled: tuple[Server, str], contexts: Contexts) -> Iterator[Town]:
    server, first_link = peopled
    with watching(contexts, server.address) as open_browser:
        yield Town(server, first_link, open_browser)


def test_the_first_administrator_sets_a_password_and_lets_somebody_in(town: Town) -> None:
    page = town.visit(town.first_link)
    expect(page.get_by_label("Name")).to_have_value("admin")
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("The same again").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_url(f"{town.server.address}/")

    page.goto("/people")
    page.get_by_label("Name").fill("zhao")
    page.keyboard.press("Enter")
    link = page.locator("[data-field=link]")
    expect(link).to_contain_text("/welcome#")
    newcomer = town.visit(link.inner_text().removeprefix(town.server.address))

    expect(newcomer.get_by_label("Name")).to_have_value("zhao")
    assert broken_rules_in_both_themes(page) == []


def test_two_people_do_not_see_each_others_work_and_then_share_one_text(town: Town, recording: Path) -> None:
    li, wang = town.log_in("li"), town.log_in("wang")
    id = transcribe(li, recording, "merger.wav")
    for address in ("/history", "/"):
        wang.goto(address)
        expect(wang.get_by_text("merger.wav")).to_have_count(0)
    assert wang.goto(f"/transcriptions/{id}").status == 404  # type: ignore[union-attr]

    li.goto(f"/transcriptions/{id}")
    li.get_by_role("button", name="Share …").click()
    dialog = li.get_by_role("dialog", name="Share this text")
    expect(dialog.get_by_text("Only you see it.")).to_be_visible()
    dialog.get_by_label("Person or group").fill("wang")
    li.keyboard.press("Enter")
    expect(dialog.locator("[data-shares] li")).to_have_count(1)

    wang.goto("/history")
    wang.get_by_role("link", name="merger.wav").first.click()
    expect(wang.locator("[data-segments] [role=listitem]").first).to_be_visible()
    expect(wang.get_by_role("button", name="Rename")).to_have_count(0)
    dialog.get_by_role("button", name="Take back").click()
    expect(dialog.get_by_text("Only you see it.")).to_be_visible()
    assert wang.reload().status == 404  # type: ignore[union-attr]


def test_a_link_shows_the_text_to_somebody_without_an_account(town: Town, recording: Path) -> None:
    li = town.log_in("li")
    id = transcribe(li, recording, "merger.wav")
    li.goto(f"/transcriptions/{id}")
    li.get_by_role("button", name="Share …").click()
    dialog = li.get_by_role("dialog", name="Share this text")
    dialog.get_by_label("The recording can be heard by the link").uncheck()
    dialog.get_by_role("button", name="Create a link").click()
    link = dialog.locator("[data-field=secret]")
    expect(link).to_contain_text("/s/")
    assert broken_rules_in_both_themes(li) == []

    guest = town.visit(link.inner_text().removeprefix(town.server.address))

    expect(guest.get_by_role("heading", name="merger.wav")).to_be_visible()
    expect(guest.locator("[data-segments] [role=listitem]").first).to_be_visible()
    expect(guest.locator("[data-player]")).to_be_hidden()
    expect(guest.get_by_role("navigation", name="Pages").get_by_role("link")).to_have_count(0)
    assert guest.url == f"{town.server.address}/transcriptions/{id}"
    guest.goto("/history")
    expect(guest.get_by_role("heading", name="Log in")).to_be_visible()


def test_a_wrong_password_is_told_and_the_right_one_leads_to_the_page_asked_for(town: Town) -> None:
    page = town.visit("/history?query=tea")
    page.get_by_label("Name").fill("li")
    page.get_by_label("Password").fill("not it at all")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The name or the password is wrong.")).to_be_visible()

    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")

    page.wait_for_url(f"{town.server.address}/history?query=tea")


def test_a_key_made_on_the_page_opens_the_api_until_it_is_removed(town: Town) -> None:
    page = town.log_in("li", "/account")
    expect(page.get_by_text("You have no API key.")).to_be_visible()  # nothing moves any more
    page.get_by_label("Name").last.fill("call centre")
    page.get_by_role("button", name="Create").click()
    secret = page.locator("[data-field=secret]")
    expect(secret).to_contain_text("fa_")
    program = town.open_browser()
    headers = {"authorization": f"Bearer {secret.inner_text()}"}
    assert program.request.get("/api/v1/transcriptions", headers=headers).status == 200
    assert broken_rules_in_both_themes(page) == []

    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("You have no API key.")).to_be_visible()

    assert program.request.get("/api/v1/transcriptions", headers=headers).status == 401


def test_logging_out_leads_to_the_login(town: Town) -> None:
    page = town.log_in("li", "/history")
    page.locator("summary", has_text="li").click()
    page.get_by_role("button", name="Log out").click()

    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    page.goto("/history")
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
