"""Logging in and out, links that set passwords, API keys, the first start, and what is recorded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.composition import login_rule
from app.domain.errors.people import LastAdministrator, NameTaken, TooManyAttempts, WeakPassword
from app.domain.people import Permission, Role
from app.services.people import passwords
from app.services.people.accounts import Accounts
from app.services.people.attempts import FREE, SPREAD_FREE, Attempts
from app.services.people.passwords import check_password, hash_password, is_password, needs_new_hash
from app.settings import Settings
from tests.conftest import REPOSITORY
from tests.databases import database_in, in_database, stored_in
from tests.waiting import PATIENCE_SECONDS
from tests.web.accounts import PASSWORD, QUICK_HASHER, Office, office

ACCOUNT = "/api/v1/account"
LOGIN = "/api/v1/login"


@pytest.fixture(name="house")
def _house(settings: Settings) -> Iterator[Office]:
    with office(settings) as found:
        found.add("li")
        yield found


# Sessions


def test_a_page_leads_to_the_login_and_back(house: Office) -> None:
    stranger = house.stranger()

    answer = stranger.get("/history?query=tea")

    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/history%3Fquery%3Dtea")
    assert 'data-next="/history?query=tea"' in stranger.get(answer.headers["location"]).text


@pytest.mark.parametrize("elsewhere", ["https://example.com/", "//example.com/", "/\\example.com"])
def test_the_login_leads_to_no_other_site(house: Office, elsewhere: str) -> None:
    page = house.stranger().get("/login", params={"next": elsewhere}).text

    assert 'data-next="/"' in page


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(house: Office) -> None:
    answer = house.stranger().post(LOGIN, json={"name": "LI", "password": PASSWORD})

    cookie = answer.headers["set-cookie"].lower()
    assert {"httponly", "samesite=lax", "path=/"} <= {part.strip() for part in cookie.split(";")}
    assert "secure" not in cookie


def test_over_https_the_cookie_is_for_this_host_alone(house: Office) -> None:
    client = house.stranger({"x-forwarded-proto": "https"})
    client._transport.client = ("127.0.0.1", 1)  # type: ignore[attr-defined]  # a trusted proxy

    cookie = client.post(LOGIN, json={"name": "li", "password": PASSWORD}).headers["set-cookie"]

    assert cookie.startswith("__Host-session=")
    assert "Secure" in cookie


def test_each_login_has_a_new_cookie_and_ends_the_former_session(house: Office) -> None:
    client = house.logged_in("li")
    first = client.cookies["session"]

    client.post(LOGIN, json={"name": "li", "password": PASSWORD})

    assert client.cookies["session"] != first
    assert house.stranger({"cookie": f"session={first}"}).get(ACCOUNT).status_code == 401


def test_only_a_hash_of_the_cookie_is_stored(house: Office, settings: Settings) -> None:
    cookie = house.logged_in("li").cookies["session"]

    everything = stored_in(settings.data_dir)
    assert house.people["li"].id.encode() in everything
    assert cookie.encode() not in everything


def test_who_logs_out_is_out(house: Office) -> None:
    client = house.logged_in("li")
    cookie = client.cookies["session"]

    assert client.post("/api/v1/logout").status_code == 204

    assert house.stranger({"cookie": f"session={cookie}"}).get(ACCOUNT).status_code == 401


def test_logging_out_everywhere_else_spares_this_browser(house: Office) -> None:
    here, there = house.logged_in("li"), house.logged_in("li")

    assert len(here.get(ACCOUNT).json()["sessions"]) == 2
    here.post(f"{ACCOUNT}/logout-everywhere")

    assert (here.get(ACCOUNT).status_code, there.get(ACCOUNT).status_code) == (200, 401)


@pytest.mark.parametrize(("column", "age"), [("seen_at", timedelta(days=8)), ("created_at", timedelta(days=31))])
def test_a_session_ends_by_itself(house: Office, settings: Settings, column: str, age: timedelta) -> None:
    client = house.logged_in("li")
    then = (datetime.now(UTC) - age).replace(tzinfo=None).isoformat(" ")
    in_database(settings.data_dir, f"UPDATE login_sessions SET {column} = :then", then=then)  # noqa: S608 - one of two

    assert client.get(ACCOUNT).status_code == 401


def test_whoever_is_disabled_is_out_with_all_keys(house: Office) -> None:
    browser, program = house.logged_in("li"), house.with_key("li", *Permission)

    house.logged_in("admin").patch(f"/api/v1/people/{house.people['li'].id}", json={"is_disabled": True})

    assert (browser.get(ACCOUNT).status_code, program.get("/api/v1/transcriptions").status_code) == (401, 401)
    assert house.stranger().post(LOGIN, json={"name": "li", "password": PASSWORD}).status_code == 401


# Passwords


def test_a_wrong_password_and_a_wrong_name_are_told_alike(house: Office) -> None:
    answers = [
        house.stranger().post(LOGIN, json={"name": name, "password": "not it at all"}).json()["error"]
        for name in ("li", "nobody")
    ]

    assert answers[0]["code"] == answers[1]["code"] == "wrong_password"
    assert answers[0]["message"] == answers[1]["message"]


def test_ten_thousand_wrong_passwords_get_nowhere() -> None:
    now = 0.0
    attempts = Attempts(clock=lambda: now)
    looked_at = 0
    for _ in range(10_000):
        now += 0.1  # a hundred seconds to a thousand attempts
        try:
            attempts.check("li", "192.0.2.7")
        except TooManyAttempts:
            continue
        looked_at += 1
        attempts.failed("li", "192.0.2.7")

    assert looked_at < 20


def test_a_right_password_does_not_show_while_the_guesser_waits(house: Office) -> None:
    client = house.stranger()
    for _ in range(FREE):
        client.post(LOGIN, json={"name": "li", "password": "not it at all"})

    answer = client.post(LOGIN, json={"name": "li", "password": PASSWORD})

    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= 1


def test_a_guesser_at_one_address_does_not_lock_the_person_out_elsewhere() -> None:
    attempts = Attempts(clock=lambda: 0.0)
    for _ in range(FREE):
        attempts.failed("li", "192.0.2.7")

    attempts.check("li", "198.51.100.1")
    with pytest.raises(TooManyAttempts):
        attempts.check("Li", "192.0.2.7")


def test_guesses_from_many_addresses_are_slowed_down_too() -> None:
    attempts = Attempts(clock=lambda: 0.0)
    for number in range(SPREAD_FREE):
        attempts.failed("li", f"192.0.2.{number}")

    with pytest.raises(TooManyAttempts):
        attempts.check("li", "198.51.100.1")


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaa", "Password1234", "li-xiaolong1", "x" * 201])
def test_what_is_guessed_first_is_refused(password: str) -> None:
    with pytest.raises(WeakPassword):
        check_password(password, "li-xiaolong")


def test_a_password_is_stored_as_argon2id_and_an_easier_hash_is_made_anew() -> None:
    stored = hash_password(PASSWORD)

    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")  # RFC 9106, little memory
    assert is_password(stored, PASSWORD)
    assert not is_password(stored, "four other words there")
    assert not needs_new_hash(stored)
    assert needs_new_hash(QUICK_HASHER.hash(PASSWORD))


def test_an_unknown_name_is_compared_with_a_hash_of_the_same_difficulty() -> None:
    assert not is_password(None, PASSWORD)
    assert not needs_new_hash(passwords._NOBODYS)


def test_a_new_password_ends_the_other_sessions(house: Office) -> None:
    here, there = house.logged_in("li"), house.logged_in("li")

    wrong = here.post(f"{ACCOUNT}/password", json={"old": "not it at all", "new": "another four words"})
    right = here.post(f"{ACCOUNT}/password", json={"old": PASSWORD, "new": "another four words"})

    assert (wrong.status_code, right.status_code) == (401, 204)
    assert (here.get(ACCOUNT).status_code, there.get(ACCOUNT).status_code) == (200, 401)


def test_a_link_sets_the_password_once(house: Office) -> None:
    added = house.logged_in("admin").post("/api/v1/people", json={"name": "wang"}).json()
    stranger = house.stranger()

    looked = stranger.post("/api/v1/welcome/look", json={"secret": added["secret"]})
    set_first = stranger.post("/api/v1/welcome", json={"secret": added["secret"], "password": "another four words"})
    again = house.stranger().post("/api/v1/welcome", json={"secret": added["secret"], "password": "yet another one"})

    assert (looked.json()["name"], set_first.status_code, again.status_code) == ("wang", 204, 410)
    assert stranger.get(ACCOUNT).json()["person"]["name"] == "wang"


# Keys


def test_a_key_is_told_once_and_opens_what_its_scopes_say(house: Office, settings: Settings) -> None:
    browser = house.logged_in("li")

    created = browser.post(f"{ACCOUNT}/keys", json={"name": "calls", "scopes": ["read"], "days": 30}).json()
    program = house.stranger({"authorization": f"Bearer {created['secret']}"})

    assert program.get("/api/v1/transcriptions").status_code == 200
    assert program.post("/api/v1/hotword-lists", json={"name": "a", "words": "b"}).status_code == 403
    [listed] = browser.get(ACCOUNT).json()["keys"]
    assert listed["used_at"]
    assert "secret" not in listed
    assert created["secret"].encode() not in stored_in(settings.data_dir)


@pytest.mark.parametrize("header", ["authorization", "api-key", "x-api-key"])
def test_a_key_comes_in_the_headers_of_the_usual_clients(house: Office, header: str) -> None:
    secret = house.accounts.keys.create(house.people["li"].id, "key", [Permission.TRANSCRIBE])[1]
    value = f"Bearer {secret}" if header == "authorization" else secret

    assert house.stranger({header: value}).get("/v1/models").status_code == 200
    assert house.stranger({header: f"{value}x"}).get("/v1/models").status_code == 401


def test_a_key_never_opens_more_than_its_owner_may(house: Office) -> None:
    assert house.with_key("li", *Permission).get("/api/v1/people").status_code == 403


def test_a_key_that_expired_or_was_removed_opens_nothing(house: Office, settings: Settings) -> None:
    li = house.people["li"].id
    key, secret = house.accounts.keys.create(li, "one", [Permission.READ], datetime.now(UTC) + timedelta(days=1))
    program = house.stranger({"authorization": f"Bearer {secret}"})
    assert program.get("/api/v1/transcriptions").status_code == 200

    in_database(settings.data_dir, "UPDATE api_keys SET expires_at = '2020-01-01 00:00:00'")
    assert program.get("/api/v1/transcriptions").status_code == 401
    house.accounts.keys.remove(li, key.id)
    assert house.accounts.keys.of(li) == []


def test_a_short_lived_key_acts_for_whoever_made_it(house: Office) -> None:
    made = house.with_key("li", Permission.TRANSCRIBE).post("/v1/realtime/client_secrets", json={})
    secret = made.json()["value"]

    with house.stranger().websocket_connect(
        "ws://127.0.0.1/v1/realtime", subprotocols=["realtime", f"openai-insecure-api-key.{secret}"]
    ) as socket:
        assert socket.receive_json()["type"] == "session.created"


# Administrators


def test_there_is_always_an_administrator(house: Office) -> None:
    accounts, admin = house.accounts, house.people["admin"].id

    with pytest.raises(LastAdministrator):
        accounts.people.change(admin, role=Role.MEMBER.value)
    with pytest.raises(LastAdministrator):
        accounts.people.change(admin, is_disabled=True)
    with pytest.raises(LastAdministrator):
        accounts.people.remove(admin, house.people["li"].id)
    with pytest.raises(NameTaken):
        accounts.people.add("LI", Role.MEMBER)


def test_what_somebody_leaves_behind_goes_to_the_heir(house: Office) -> None:
    for name in ("li", "admin"):
        house.logged_in(name).post("/api/v1/hotword-lists", json={"name": "names", "words": name})
    li, admin = house.people["li"].id, house.people["admin"].id

    removed = house.logged_in("admin").delete(f"/api/v1/people/{li}", params={"heir": admin})

    lists = house.logged_in("admin").get("/api/v1/hotword-lists").json()
    assert removed.status_code == 204
    assert sorted((each["name"], each["words"]) for each in lists["lists"]) == [("names", "admin"), ("names 2", "li")]


def test_what_was_stored_without_a_login_becomes_the_first_administrators(settings: Settings) -> None:
    from starlette.testclient import TestClient

    from app.main import create_app

    with TestClient(create_app(settings, start_worker=False), base_url="http://127.0.0.1") as client:
        id = client.post("/api/v1/hotword-lists", json={"name": "names", "words": "Alice"}).json()["id"]
    with office(settings) as house:
        house.add("li")
        lists = [house.logged_in(name).get("/api/v1/hotword-lists").text for name in ("admin", "li")]

    assert [id in listed for listed in lists] == [True, False]


def test_accounts_are_not_ignored_on_the_loopback_address(settings: Settings) -> None:
    with closing(database_in(settings.data_dir)) as database:
        database.migrate()
        accounts = Accounts(database, login_rule(settings))
        before = accounts.needs_login
        accounts.begin(PASSWORD)

        assert (before, accounts.needs_login) == (False, True)
        waived = login_rule(settings.model_copy(update={"insecure_no_login": True}))
        assert not Accounts(database, waived).needs_login


# The audit trail


def test_what_is_changed_or_taken_away_is_recorded_with_who_and_where(house: Office) -> None:
    li, admin = house.logged_in("li"), house.logged_in("admin")
    id = li.post("/api/v1/hotword-lists", json={"name": "names", "words": "Alice"}).json()["id"]
    li.delete(f"/api/v1/hotword-lists/{id}")
    li.get("/api/v1/transcriptions")
    li.get("/api/v1/people")
    li.post("/api/v1/settings/backup")

    entries = admin.get("/api/v1/audit", params={"person": house.people["li"].id}).json()["entries"]
    table = admin.get("/api/v1/audit/export").text

    assert [(entry["action"], entry["status"]) for entry in entries] == [
        ("refused", 403),
        ("delete_hotword_list", 204),
        ("create_hotword_list", 201),
        ("log_in", 204),
    ]
    assert entries[1]["thing"] == f"/api/v1/hotword-lists/{id}"
    assert entries[0]["address"] == "testclient"
    assert "Alice" not in str(entries)
    assert table.splitlines()[0].startswith("number,at,person_id")


# The first start


def test_a_server_for_the_network_prints_a_link_for_its_first_administrator(tmp_path: Path, empty: Path) -> None:
    from tests.conftest import data_folder
    from tests.warm import start_module

    data = data_folder(tmp_path / "data", empty)
    folders = ("--data-dir", data, "--log-dir", tmp_path / "logs")
    with start_module("app", "serve", "--no-worker", "--host", "0.0.0.0", "--port", "0", *folders) as process:  # noqa: S104
        try:
            lines = [next(process.stdout) for _ in range(4)]
        finally:
            process.terminate()
            process.wait(timeout=PATIENCE_SECONDS)

    secret = lines[3].rstrip().partition("/welcome#")[2]
    assert len(secret) >= 40
    assert secret not in (tmp_path / "logs" / "app.log").read_text(encoding="utf-8")
    for file in ("docs/scaling.md", "compose.cluster.yaml"):
        [word] = re.findall(r"logs server \| grep (\w+)", (REPOSITORY / file).read_text(encoding="utf-8"))
        assert [line for line in lines if word in line] == [lines[3]]


def test_servers_that_start_together_print_links_that_are_valid_until_one_is_used(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(database_in(settings.data_dir)) as database:
        database.migrate()
        one, other = (Accounts(database, login_rule(settings)) for _ in range(2))
        monkeypatch.setattr(other.people, "is_anybody", lambda: False)  # as it was when both looked
        secrets = [one.begin(None), other.begin(None)]

    with office(settings) as house:
        looks = [house.stranger().post("/api/v1/welcome/look", json={"secret": secret}) for secret in secrets]
        used = house.stranger().post("/api/v1/welcome", json={"secret": secrets[0], "password": PASSWORD})
        after = [house.stranger().post("/api/v1/welcome/look", json={"secret": secret}) for secret in secrets]

    assert [look.json() for look in looks] == [{"name": "admin"}] * 2
    assert used.status_code == 204
    assert [look.status_code for look in after] == [410, 410]


def test_a_file_can_hold_the_first_password(settings: Settings, tmp_path: Path) -> None:
    from app.cli.serve import prepare_login

    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    wanted = settings.model_copy(update={"login": "always", "admin_password_file": tmp_path / "password"})
    with closing(database_in(settings.data_dir)) as database:
        database.migrate()
        assert prepare_login(wanted, database) is None
    with office(settings) as house:
        assert house.logged_in("admin").get(ACCOUNT).json()["person"]["role"] == "administrator"
