"""What one person may ask for in a minute, and send at once."""

from __future__ import annotations

import asyncio
from typing import Any

from app.domain.people import Actor, acting_as
from app.settings import Settings
from app.web.middleware.traffic import Traffic
from tests.loops import run_apart
from tests.web.accounts import office

LISTS = "/api/v1/hotword-lists"


def test_requests_beyond_a_minutes_share_are_refused_with_when_they_are_free(settings: Settings) -> None:
    with office(settings, requests_per_minute=6) as house:
        house.add("li")
        li = house.logged_in("li")
        answers = [li.get(LISTS) for _ in range(8)]
        others = house.logged_in("admin").get(LISTS)

    assert [answer.status_code for answer in answers] == [200] * 6 + [429] * 2
    assert answers[-1].json()["error"]["code"] == "too_many_requests"
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 20
    assert others.status_code == 200


def test_room_comes_back_with_time() -> None:
    now = 0.0
    traffic = Traffic(lambda *_: None, per_minute=60, uploads_at_once=0, clock=lambda: now)  # type: ignore[arg-type,return-value]
    waits = [traffic._seconds_to_wait("li") for _ in range(61)]
    now = 1.5

    assert (waits[59], waits[60]) == (0, 1)
    assert [traffic._seconds_to_wait("li") for _ in range(2)] == [0, 1]


def test_pages_parts_and_probes_are_free(settings: Settings) -> None:
    with office(settings, requests_per_minute=2) as house:
        stranger = house.stranger()
        answers = [stranger.get(path).status_code for path in ("/health", "/ready", "/static/favicon.svg") * 3]

    assert 429 not in answers


def test_one_person_sends_a_bounded_number_of_files_at_once() -> None:
    async def hold_and_ask() -> None:
        arrived, done = asyncio.Event(), asyncio.Event()
        statuses: list[int] = []

        async def keep(_scope: Any, _receive: Any, send: Any) -> None:
            arrived.set()
            await done.wait()
            await send({"type": "http.response.start", "status": 201, "headers": []})

        async def note(message: Any) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        traffic = Traffic(keep, per_minute=0, uploads_at_once=1)
        with acting_as(Actor(person="li")):
            first = asyncio.create_task(traffic(upload(), nothing, note))
            await arrived.wait()
            await traffic(upload(), nothing, note)
        with acting_as(Actor(person="wang")):
            others = asyncio.create_task(traffic(upload(), nothing, note))
            await asyncio.sleep(0)
        done.set()
        await asyncio.gather(first, others)
        with acting_as(Actor(person="li")):
            await traffic(upload(), nothing, note)
        assert statuses == [429, 201, 201, 201]

    run_apart(hold_and_ask())


async def nothing() -> Any:
    """Receive nothing."""
    return {"type": "http.disconnect"}


def upload() -> dict[str, Any]:
    headers = [(b"content-type", b"multipart/form-data; boundary=x")]
    return {
        "type": "http",
        "method": "POST",
        "path": "/api/v1/transcriptions",
        "headers": headers,
        "query_string": b"",
        "root_path": "",
    }


def test_nothing_is_bounded_without_a_login(settings: Settings) -> None:
    from starlette.testclient import TestClient

    from app.main import create_app

    bounded = settings.model_copy(update={"requests_per_minute": 1})
    with TestClient(create_app(bounded, start_worker=False), base_url="http://127.0.0.1") as client:
        assert [client.get(LISTS).status_code for _ in range(5)] == [200] * 5
