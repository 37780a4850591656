"""Quotas of people and API keys: hours of sound in a day, and recordings at once."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from app.domain.people import Permission
from app.settings import Settings
from app.store.database import Database
from tests.databases import database_in
from tests.waiting import wait_until
from tests.web.accounts import Office, office, send_recording

HOUR = 3600.0


@pytest.fixture(name="house")
def _house(settings: Settings) -> Iterator[Office]:
    with office(settings) as found:
        found.add("li")
        found.add("wang")
        yield found


@pytest.fixture(name="database")
def _database(settings: Settings, house: Office) -> Iterator[Database]:
    assert house
    found = database_in(settings.data_dir)
    yield found
    found.close()


@pytest.fixture(name="wav")
def _wav(tmp_path: Path) -> Path:
    path = tmp_path / "short.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(32_000))
    return path


def test_who_has_used_the_hours_of_a_day_is_told_when_there_is_room_again(
    house: Office, database: Database, wav: Path
) -> None:
    _limit(house, "li", hours_per_day=1)
    li = house.logged_in("li")
    early, late = (send_recording(li, wav)["id"] for _ in range(2))
    came = datetime.now(UTC) - timedelta(hours=23)
    _heard(database, early, 0.6 * HOUR, came)
    _heard(database, late, 0.7 * HOUR)

    refused = _send(li, wav)

    error = refused.json()["error"]
    assert (refused.status_code, error["code"]) == (429, "quota_reached")
    assert "1.3 of 1 hours" in error["message"]
    assert f"{came + timedelta(hours=24):%Y-%m-%d %H:%M} UTC" in error["message"]
    assert 3500 < int(refused.headers["retry-after"]) <= 3600
    assert li.get("/api/v1/transcriptions").json()["total"] == 2
    assert _send(house.logged_in("wang"), wav).status_code == 201


def test_a_recording_longer_than_what_is_left_is_let_in(house: Office, database: Database, wav: Path) -> None:
    _limit(house, "li", hours_per_day=1)
    li = house.logged_in("li")
    _heard(database, send_recording(li, wav)["id"], 0.9 * HOUR)

    _heard(database, send_recording(li, wav)["id"], 5 * HOUR)

    assert _send(li, wav).status_code == 429


def test_what_came_in_more_than_a_day_ago_does_not_count(house: Office, database: Database, wav: Path) -> None:
    _limit(house, "li", hours_per_day=1)
    li = house.logged_in("li")
    _heard(database, send_recording(li, wav)["id"], 2 * HOUR, datetime.now(UTC) - timedelta(hours=25))

    assert _send(li, wav).status_code == 201


def test_removing_recordings_for_good_gives_nobody_more_hours(house: Office, database: Database, wav: Path) -> None:
    _limit(house, "li", hours_per_day=1)
    li = house.logged_in("li")
    id = send_recording(li, wav)["id"]
    _heard(database, id, HOUR)

    li.delete(f"/api/v1/transcriptions/{id}")
    li.delete("/api/v1/trash")
    assert li.get("/api/v1/trash").json()["total"] == 0

    assert _send(li, wav).status_code == 429
    assert li.get("/api/v1/account").json()["used"] == {"seconds": HOUR, "jobs": 0}


def test_only_so_many_recordings_wait_or_run_at_once(house: Office, wav: Path) -> None:
    _limit(house, "li", jobs_at_once=2)
    li = house.logged_in("li")
    ids = [send_recording(li, wav)["id"] for _ in range(2)]

    refused = _send(li, wav)
    again = li.post(f"/api/v1/transcriptions/{ids[0]}/again", json={})
    li.post(f"/api/v1/transcriptions/{ids[0]}/cancel")

    assert (refused.status_code, again.status_code) == (429, 429)
    assert "2 recordings wait or run, of 2 at once" in refused.json()["error"]["message"]
    assert int(refused.headers["retry-after"]) > 0
    assert _send(li, wav).status_code == 201


def test_who_may_submit_nothing_submits_nothing(house: Office, wav: Path) -> None:
    _limit(house, "li", hours_per_day=0)

    refused = _send(house.logged_in("li"), wav)

    assert (refused.status_code, refused.headers["retry-after"]) == (429, "86400")


def test_a_key_has_limits_of_its_own(house: Office, wav: Path) -> None:
    li = house.logged_in("li")
    wanted = {"name": "robot", "scopes": [Permission.READ, Permission.TRANSCRIBE], "jobs_at_once": 1}
    key = li.post("/api/v1/account/keys", json=wanted).json()
    robot = house.stranger({"authorization": f"Bearer {key['secret']}"})
    send_recording(li, wav)
    send_recording(robot, wav)

    refused = _send(robot, wav)

    assert (refused.status_code, key["jobs_at_once"]) == (429, 1)
    assert "this API key" in refused.json()["error"]["message"]
    assert _send(li, wav).status_code == 201


def test_openai_s_clients_get_their_kind_of_error_and_repeats_are_free(house: Office, wav: Path) -> None:
    _limit(house, "li", jobs_at_once=1)
    li = house.with_key("li", Permission.READ, Permission.TRANSCRIBE)

    first = _speech(li, wav, "one")
    repeated = _speech(li, wav, "one")
    other = _speech(li, wav, "two", language="zh")

    assert (first.status_code, repeated.status_code, other.status_code) == (202, 202, 429)
    assert first.headers["location"] == repeated.headers["location"]
    assert (other.json()["error"]["type"], other.json()["error"]["code"]) == ("rate_limit_error", "quota_reached")
    assert int(other.headers["retry-after"]) > 0


def test_a_live_session_is_a_recording_as_well(house: Office, wav: Path) -> None:
    _limit(house, "li", jobs_at_once=1)
    li = house.logged_in("li")
    send_recording(li, wav)

    with li.websocket_connect("ws://127.0.0.1/api/v1/live") as socket:
        socket.send_json({"type": "audio-start", "session": None, "token": None})
        told = socket.receive_json()

    assert (told["type"], told["code"]) == ("problem", "quota_reached")


def test_recordings_of_a_batch_queue_by_themselves(house: Office, wav: Path) -> None:
    _limit(house, "li", jobs_at_once=1)
    li = house.logged_in("li")

    batch, ids = _batch(li, [wav.read_bytes(), wav.read_bytes() + bytes(2)])

    assert {item["state"] for item in _items(li, batch)} == {"queued"}
    assert len(ids) == 2
    assert _send(li, wav).status_code == 201


def test_a_recording_of_a_batch_beyond_the_hours_fails_and_can_be_tried_again(
    house: Office, database: Database, wav: Path
) -> None:
    _limit(house, "li", hours_per_day=1)
    li = house.logged_in("li")
    _heard(database, send_recording(li, wav)["id"], HOUR)

    batch, ids = _batch(li, [wav.read_bytes() + bytes(4)])
    (refused,) = _items(li, batch)
    _limit(house, "li", hours_per_day=None)
    li.post(f"/api/v1/batches/{batch}/items", json={"ids": ids, "action": "retry"})

    assert (refused["state"], refused["error"]["code"]) == ("failed", "quota_reached")
    wait_until(lambda: _items(li, batch)[0]["state"] == "queued")


def test_all_of_a_batch_is_tried_again(house: Office, wav: Path) -> None:
    _limit(house, "li", hours_per_day=0)
    li = house.logged_in("li")
    batch, _ = _batch(li, [wav.read_bytes()])

    li.post(f"/api/v1/batches/{batch}/retry")
    wait_until(lambda: _items(li, batch)[0]["state"] == "failed")
    _limit(house, "li", hours_per_day=None)
    li.post(f"/api/v1/batches/{batch}/retry")

    wait_until(lambda: _items(li, batch)[0]["state"] == "queued")


def test_an_administrator_sets_and_lifts_limits(house: Office) -> None:
    admin, id = house.logged_in("admin"), house.people["li"].id

    limited = admin.patch(f"/api/v1/people/{id}", json={"hours_per_day": 2.5, "jobs_at_once": 3}).json()
    lifted = admin.patch(f"/api/v1/people/{id}", json={"hours_per_day": None}).json()

    assert (limited["hours_per_day"], limited["jobs_at_once"]) == (2.5, 3)
    assert (lifted["hours_per_day"], lifted["jobs_at_once"]) == (None, 3)


def _limit(house: Office, name: str, **values: Any) -> None:
    house.accounts.people.change(house.people[name].id, **values)


def _heard(database: Database, id: str, seconds: float, came: datetime | None = None) -> None:
    """Let a recording be as long, and as old, as a test needs it."""
    from sqlalchemy import update

    from app.store.tables import transcriptions

    values: dict[str, Any] = {"duration": seconds}
    if came:
        values |= {"created_at": came, "number": int(came.timestamp() * 1000)}
    with database.writing() as connection:
        connection.execute(update(transcriptions).where(transcriptions.c.id == id).values(**values))


def _send(client: TestClient, wav: Path) -> Response:
    return client.post("/api/v1/transcriptions", files={"file": (wav.name, wav.read_bytes())})


def _speech(client: TestClient, wav: Path, key: str, **fields: str) -> Response:
    return client.post(
        "/v1/audio/transcriptions",
        files={"file": (wav.name, wav.read_bytes())},
        data={"model": "whisper-1", **fields},
        headers={"prefer": "respond-async", "idempotency-key": key},
    )


def _batch(client: TestClient, recordings: list[bytes]) -> tuple[str, list[str]]:
    """Return the id of a batch of these recordings, and theirs."""
    batch = client.post("/api/v1/batches", json={"name": "many"}).json()["id"]
    ids = []
    for number, content in enumerate(recordings):
        wanted = {"name": f"{number}.wav", "size_bytes": len(content)}
        ids.append(client.post(f"/api/v1/batches/{batch}/uploads", json=wanted).json()["id"])
        sent = client.patch(f"/api/v1/uploads/{ids[-1]}", content=content, headers={"upload-offset": "0"})
        assert sent.status_code == 200, sent.text
    return batch, ids


def _items(client: TestClient, batch: str) -> list[dict[str, Any]]:
    return list(client.get(f"/api/v1/batches/{batch}/items").json()["items"])
