"""Logging in by an OpenID provider: a real one, which runs beside the tests."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from joserfc.jwk import ECKey, RSAKey
from starlette.testclient import TestClient

from app.domain.people import Role
from app.services.people.oidc import VALID_SECONDS
from app.settings import Settings
from tests.web.accounts import PASSWORD, Office, office
from tests.web.provider import CLIENT, SECRET, Provider, providing

ACCOUNT = "/api/v1/account"
TIMES = ("exp", "iat", "nbf")
GROUPS = {"oidc_admin_group": "it", "oidc_member_group": "staff", "oidc_reader_group": "guests"}


@pytest.fixture(name="provider")
def _provider() -> Iterator[Provider]:
    with providing() as found:
        yield found


@pytest.fixture(name="values")
def _values(provider: Provider, tmp_path: Path) -> dict[str, Any]:
    secret = tmp_path / "secret"
    secret.write_text(f"{SECRET}\n")
    return {"oidc_issuer": provider.issuer, "oidc_client_id": CLIENT, "oidc_client_secret_file": secret}


@pytest.fixture(name="house")
def _house(settings: Settings, values: dict[str, Any]) -> Iterator[Office]:
    with office(settings, **values, **GROUPS) as found:
        yield found


def test_a_person_logs_in_and_comes_to_the_page_that_was_asked_for(house: Office, provider: Provider) -> None:
    provider.person |= {"groups": ["staff", "sales"]}
    client = house.stranger()
    page = client.get("/login", params={"next": "/history?query=tea"}).text

    answer = _log_in(client, "/history?query=tea")

    assert '/login/oidc?next=/history%3Fquery%3Dtea"' in page
    assert (answer.status_code, answer.headers["location"]) == (303, "/history?query=tea")
    person = client.get(ACCOUNT).json()["person"]
    assert (person["name"], person["role"], person["groups"]) == ("li", "member", ["staff", "sales"])
    assert (person["is_external"], person["has_password"]) == (True, False)
    audit = house.logged_in("admin").get("/api/v1/audit", params={"person": person["id"]}).json()["entries"]
    assert [entry["action"] for entry in audit] == ["log_in_by_oidc"]
    assert audit[0]["thing"] == "/login/oidc/callback"


def test_a_person_is_found_by_their_id_and_gets_today_s_role_and_groups(house: Office, provider: Provider) -> None:
    provider.person |= {"groups": ["staff", "sales"]}
    first = _person(house)
    provider.person |= {"preferred_username": "li-wei", "groups": ["guests"]}

    second = _person(house)

    assert (second["id"], second["name"]) == (first["id"], "li")
    assert (second["role"], second["groups"]) == ("reader", ["guests"])


def test_a_person_of_the_same_name_gets_nobody_else_s_account(house: Office, provider: Provider) -> None:
    provider.person |= {"preferred_username": "admin", "groups": ["staff"]}

    person = _person(house)

    assert (person["name"], person["role"]) == ("admin 2", "member")
    assert person["id"] != house.people["admin"].id


@pytest.mark.parametrize("groups", [["strangers"], [], None])
def test_who_is_in_no_group_is_told_so(house: Office, provider: Provider, groups: list[str] | None) -> None:
    provider.person |= {"groups": groups}
    client = house.stranger()

    answer = _log_in(client)

    assert answer.status_code == 403
    assert "You are in no group that may use this server." in answer.text
    assert client.get(ACCOUNT).status_code == 401
    assert [person.name for person, _ in house.accounts.people.everybody()] == ["admin"]


def test_a_default_role_lets_everybody_in(settings: Settings, provider: Provider, values: dict[str, Any]) -> None:
    with office(settings, **values, oidc_default_role="reader") as house:
        person = _person(house)
        house.accounts.people.change(person["id"], role=Role.MEMBER)

        assert person["role"] == "reader"
        assert _person(house)["role"] == "member"  # no group means a role, so what is set here stays
    assert provider.requests.count("/.well-known/openid-configuration") == 1


def test_groups_can_be_told_by_the_userinfo_and_inside_other_claims(
    settings: Settings, provider: Provider, values: dict[str, Any]
) -> None:
    provider.userinfo = {"sub": "17", "realm_access": {"roles": ["it"]}}
    with office(settings, **values, **GROUPS, oidc_groups_claim="realm_access.roles") as house:
        assert _person(house)["role"] == "administrator"
        provider.userinfo = {"sub": "18", "realm_access": {"roles": ["it"]}}
        assert _log_in(house.stranger()).status_code == 403


def test_who_is_disabled_here_stays_out(house: Office, provider: Provider) -> None:
    provider.person |= {"groups": ["staff"]}
    house.accounts.people.change(_person(house)["id"], is_disabled=True)

    answer = _log_in(house.stranger())

    assert answer.status_code == 403
    assert "The account is disabled." in answer.text


def test_who_comes_from_the_provider_sets_no_password_of_their_own(house: Office, provider: Provider) -> None:
    provider.person |= {"groups": ["staff"]}
    client = house.stranger()
    _log_in(client)

    answer = client.post(f"{ACCOUNT}/password", json={"old": "", "new": PASSWORD})

    assert answer.status_code == 403


# What is not accepted


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "of somebody else"},
        {"nonce": None},
        {"aud": "another program"},
        {"aud": [CLIENT, "another program"]},
        {"aud": "another program", "azp": CLIENT},
        {"aud": None},
        {"iss": "https://login.example.com"},
        {"iss": None},
        {"exp": -3600},
        {"exp": None},
        {"iat": 3600},
        {"nbf": 3600},
        {"sub": None},
        {"sub": ""},
        {"sub": 17},
        {"azp": "another program"},
        {"at_hash": "of another token"},
    ],
    ids=str,
)
def test_a_token_that_says_something_wrong_is_refused(
    house: Office, provider: Provider, claims: dict[str, Any]
) -> None:
    provider.person |= {"groups": ["staff"]}
    now = int(time.time())
    provider.claims = {name: now + value if name in TIMES and value else value for name, value in claims.items()}
    client = house.stranger()

    answer = _log_in(client)

    assert answer.status_code == 403
    assert "What the service answered is not valid." in answer.text
    assert client.get(ACCOUNT).status_code == 401


def test_a_token_for_several_programs_is_accepted_if_it_was_issued_to_this_one(
    house: Office, provider: Provider
) -> None:
    provider.person |= {"groups": ["staff"]}
    provider.claims = {"aud": ["another program", CLIENT], "azp": CLIENT}

    assert _person(house)["name"] == "li"


def test_a_token_signed_with_another_key_is_refused(house: Office, provider: Provider) -> None:
    provider.person |= {"groups": ["staff"]}
    for kid in ("first", "unknown"):
        provider.signing_key = RSAKey.generate_key(2048, {"kid": kid})
        assert _log_in(house.stranger()).status_code == 403


def test_a_token_signed_with_something_public_or_nothing_is_refused(house: Office, provider: Provider) -> None:
    provider.person |= {"groups": ["staff"]}
    for forgery in (provider.key.as_pem(private=False), SECRET.encode(), b""):
        provider.forgery = forgery
        assert _log_in(house.stranger()).status_code == 403


def test_new_keys_of_the_provider_are_asked_for(house: Office, provider: Provider) -> None:
    provider.person |= {"groups": ["staff"]}
    _person(house)
    _person(house)
    before = provider.requests.count("/keys")
    provider.key, provider.algorithm = ECKey.generate_key("P-256", {"kid": "second"}), "ES256"

    _person(house)

    assert (before, provider.requests.count("/keys")) == (1, 2)


def test_the_answer_to_another_browser_is_refused(house: Office, provider: Provider) -> None:
    provider.person |= {"groups": ["staff"]}
    attacker, victim = house.stranger(), house.stranger()
    back = _back(attacker)
    _there(victim)  # who has begun a login as well

    assert victim.get(back).status_code == 400
    assert victim.get(ACCOUNT).status_code == 401
    assert house.stranger().get(back).status_code == 400
    assert attacker.get(back).status_code == 303


def test_an_answer_is_taken_once(house: Office, provider: Provider) -> None:
    provider.person |= {"groups": ["staff"]}
    client = house.stranger()
    back = _back(client)

    assert [client.get(back).status_code for _ in range(2)] == [303, 400]


def test_a_state_that_nobody_began_is_refused(house: Office) -> None:
    client = house.stranger()
    back = urlsplit(_back(client))

    assert client.get(f"{back.path}?code=some&state=made-up").status_code == 400
    assert client.get(f"{back.path}?code=some").status_code == 400


def test_a_login_that_took_too_long_begins_again(house: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    client = house.stranger()
    back = _back(client)
    oidc = house.client.app_state["services"].accounts.oidc
    late = time.monotonic() + VALID_SECONDS + 1
    monkeypatch.setattr(oidc, "_clock", lambda: late)

    answer = client.get(back)

    assert answer.status_code == 400
    assert "too long ago" in answer.text


def test_two_logins_in_one_browser_do_not_disturb_each_other(house: Office, provider: Provider) -> None:
    provider.person |= {"groups": ["staff"]}
    client = house.stranger()
    first, second = _back(client, "/history"), _back(client, "/batch")

    assert [client.get(back).headers["location"] for back in (second, first)] == ["/batch", "/history"]


def test_an_answer_in_the_name_of_another_provider_is_refused(house: Office, provider: Provider) -> None:
    provider.person |= {"groups": ["staff"]}
    client = house.stranger()

    assert client.get(_back(client) + "&iss=https%3A%2F%2Flogin.example.com").status_code == 400


def test_the_provider_verifies_the_proof_of_the_code(house: Office, provider: Provider) -> None:
    provider.person |= {"groups": ["staff"]}
    client = house.stranger()
    back = _back(client)
    for asked in provider.codes.values():
        asked["code_challenge"] = "of another verifier"

    assert client.get(back).status_code == 403


def test_what_the_provider_refuses_is_told(house: Office, provider: Provider) -> None:
    provider.refuses = "access_denied"

    answer = _log_in(house.stranger())

    assert answer.status_code == 403
    assert "The service that logs people in refused it." in answer.text


def test_the_login_leads_to_no_other_site(house: Office, provider: Provider) -> None:
    provider.person |= {"groups": ["staff"]}

    assert _log_in(house.stranger(), "//example.com/").headers["location"] == "/"


def test_the_cookie_of_a_login_is_out_of_reach(house: Office) -> None:
    cookie = house.stranger().get("/login/oidc").headers["set-cookie"].lower()

    assert {"httponly", "samesite=lax", "path=/"} <= {part.strip() for part in cookie.split(";")}


# When the provider is away


def test_without_the_provider_a_password_still_lets_in(
    house: Office, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    provider.is_down = True

    answer = house.stranger().get("/login/oidc")

    assert answer.status_code == 503
    assert "The service that logs people in cannot be used." in answer.text
    assert "login_provider_unusable" in caplog.text
    assert house.logged_in("admin").get(ACCOUNT).status_code == 200


def test_a_provider_that_names_another_issuer_is_not_used(
    settings: Settings, provider: Provider, values: dict[str, Any]
) -> None:
    with office(settings, **values) as house:
        address, provider.issuer = provider.issuer, "https://login.example.com"
        assert house.stranger().get("/login/oidc").status_code == 503
        provider.issuer = address
        assert house.stranger().get("/login/oidc").status_code == 303


def test_without_a_provider_there_is_no_such_login(settings: Settings) -> None:
    with office(settings) as house:
        assert "/login/oidc" not in house.stranger().get("/login").text
        assert house.stranger().get("/login/oidc").status_code == 404


@pytest.mark.parametrize("issuer", ["http://login.example.com", "login.example.com", "ftp://login.example.com"])
def test_an_issuer_that_can_be_listened_to_is_refused(issuer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUNASR_OIDC_ISSUER", issuer)

    with pytest.raises(ValueError, match="https"):
        Settings()


def _there(client: TestClient, next: str = "/") -> str:
    """Begin a login; return the provider's address."""
    answer = client.get("/login/oidc", params={"next": next})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def _back(client: TestClient, next: str = "/") -> str:
    """Begin a login and log in at the provider; return where it sends the browser."""
    there = _there(client, next)
    assert parse_qs(urlsplit(there).query)["redirect_uri"] == ["http://127.0.0.1/login/oidc/callback"]
    answer = httpx2.get(there)
    assert answer.status_code == 302
    return answer.headers["location"]


def _log_in(client: TestClient, next: str = "/") -> httpx2.Response:
    return client.get(_back(client, next))


def _person(house: Office) -> dict[str, Any]:
    """Log in by the provider; return the account."""
    client = house.stranger()
    answer = _log_in(client)
    assert answer.status_code == 303, answer.text
    return dict(client.get(ACCOUNT).json()["person"])
