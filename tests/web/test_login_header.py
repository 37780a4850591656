"""Login by a proxy in front of the server, which says in a header who somebody is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.domain.people import Permission, Role
from app.settings import Settings
from tests.web.accounts import Office, office

ACCOUNT = "/api/v1/account"
PROXY, STRANGER = "192.0.2.7", "192.0.2.8"
HEADERS = {"trusted_proxies": PROXY, "login_header": "X-Remote-User", "login_groups_header": "X-Remote-Groups"}


@pytest.fixture(name="house")
def _house(settings: Settings) -> Iterator[Office]:
    with office(settings, **HEADERS) as found:
        found.add("wang")
        yield found


def test_whom_a_trusted_proxy_names_is_logged_in_with_an_account_from_the_first_time_on(house: Office) -> None:
    first = _account(_from(house, PROXY, "li", "sales, staff"))
    second = _account(_from(house, PROXY, "LI", "sales"))

    assert (first["name"], first["role"], first["groups"]) == ("li", "member", ["sales", "staff"])
    assert (second["id"], second["groups"]) == (first["id"], ["sales"])
    entries = house.logged_in("admin").get("/api/v1/audit", params={"person": first["id"]}).json()["entries"]
    assert [entry["action"] for entry in entries] == ["log_in_by_proxy"]


def test_nobody_else_is_believed(house: Office, caplog: pytest.LogCaptureFixture) -> None:
    direct = _from(house, STRANGER, "admin")

    assert direct.get(ACCOUNT).status_code == 401
    assert direct.get("/people").status_code == 303
    assert "forwarded_header_ignored" in caplog.text
    assert {person.name for person, _ in house.accounts.people.everybody()} == {"admin", "wang"}


def test_somebody_with_an_account_here_keeps_it(house: Office) -> None:
    assert _account(_from(house, PROXY, "wang"))["id"] == house.people["wang"].id


def test_who_is_disabled_here_stays_out(house: Office) -> None:
    id = _account(_from(house, PROXY, "li"))["id"]
    house.accounts.people.change(id, is_disabled=True)

    assert _from(house, PROXY, "li").get(ACCOUNT).status_code == 401


def test_groups_set_here_stay_where_the_proxy_says_nothing_of_them(house: Office) -> None:
    house.accounts.people.change(house.people["wang"].id, groups=["night shift"])

    assert _account(_from(house, PROXY, "wang"))["groups"] == ["night shift"]
    assert _account(_from(house, PROXY, "wang", ""))["groups"] == []


def test_the_header_wins_over_a_cookie_of_somebody_else_and_a_key_over_the_header(house: Office) -> None:
    browser = _from(house, PROXY, "li")
    browser.cookies.set("session", house.logged_in("admin").cookies["session"])
    key = house.accounts.keys.create(house.people["wang"].id, "key", [Permission.READ])[1]

    assert _account(browser)["name"] == "li"
    browser.headers["authorization"] = f"Bearer {key}"
    assert _account(browser)["name"] == "wang"


@pytest.mark.parametrize("sent", [[("x-remote-user", "li"), ("x-remote-user", "admin")], [("x-remote-user", " ")]])
def test_a_header_that_is_not_clear_names_nobody(house: Office, sent: list[tuple[str, str]]) -> None:
    client = _from(house, PROXY)

    assert client.get(ACCOUNT, headers=sent).status_code == 401


def test_names_in_other_scripts_come_as_utf_8(house: Office) -> None:
    client = _from(house, PROXY)
    answer = client.get(ACCOUNT, headers=[(b"x-remote-user", "李伟".encode())])

    assert answer.json()["person"]["name"] == "李伟"


def test_the_role_of_new_people_is_set(settings: Settings) -> None:
    with office(settings, **HEADERS, login_header_role="reader") as house:
        assert _account(_from(house, PROXY, "li"))["role"] == Role.READER


def test_without_the_setting_the_header_means_nothing(settings: Settings) -> None:
    with office(settings, trusted_proxies=PROXY) as house:
        assert _from(house, PROXY, "admin").get(ACCOUNT).status_code == 401


@pytest.mark.parametrize("name", ["Authorization", "cookie", "X Remote", "X-Remote:"])
def test_a_header_with_another_meaning_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUNASR_LOGIN_HEADER", name)

    with pytest.raises(ValueError, match="X-Remote-User"):
        Settings()


def _from(house: Office, address: str, name: str | None = None, groups: str | None = None) -> TestClient:
    """Return a client at an address, which sends these headers."""
    headers = {"x-remote-user": name, "x-remote-groups": groups}
    client = house.stranger({name: value for name, value in headers.items() if value is not None})
    client._transport.client = (address, 1)  # type: ignore[attr-defined]
    return client


def _account(client: TestClient) -> dict[str, Any]:
    answer = client.get(ACCOUNT)
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["person"])
