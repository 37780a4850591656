"""One transcription shared by a link, with a person, or with a group; and nothing else of its owner."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from sse_starlette import ServerSentEvent
from starlette.testclient import TestClient

from app.settings import Settings
from app.web.sse import for_a_while
from tests.databases import in_database, stored_in
from tests.loops import run_apart
from tests.web.accounts import Office, office, send_recording
from tests.web.conftest import API

EMPTY_CHANGE = {"revision": 0, "changes": []}


@pytest.fixture(name="house")
def _house(settings: Settings) -> Iterator[Office]:
    with office(settings) as found:
        for name in ("li", "wang"):
            found.add(name)
        yield found


@pytest.fixture(name="recordings")
def _recordings(house: Office, wav: Path) -> tuple[str, str]:
    """The ids of two recordings of li's: one that is shared, and another one."""
    li = house.logged_in("li")
    return send_recording(li, wav)["id"], send_recording(li, wav)["id"]


@pytest.fixture(name="wav")
def _wav(tmp_path: Path) -> Path:
    import wave

    path = tmp_path / "meeting.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(32_000))
    return path


def share(house: Office, id: str, **wanted: Any) -> dict[str, Any]:
    answer = house.logged_in("li").post(f"{API}/{id}/shares/links", json=wanted)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def guest_with(house: Office, link: dict[str, Any]) -> TestClient:
    """Return a browser that has opened a link, in which nobody is logged in."""
    guest = house.stranger()
    assert guest.get(f"/s/{link['secret']}").status_code == 303
    return guest


def test_a_link_opens_one_transcription_and_nothing_else(house: Office, recordings: tuple[str, str]) -> None:
    shared, other = recordings
    guest = guest_with(house, share(house, shared))

    for path in (f"/transcriptions/{shared}", f"{API}/{shared}", f"{API}/{shared}/segments", f"{API}/{shared}/audio"):
        assert guest.get(path).status_code == 200, path
    for path in (f"/transcriptions/{other}", f"{API}/{other}", f"{API}/{other}/audio"):
        assert guest.get(path).status_code == 404, path
    for path in (API, "/api/v1/history/statistics", "/api/v1/system", f"{API}/{shared}/case", f"{API}/{shared}/log"):
        assert guest.get(path).status_code == 401, path
    assert guest.get("/history").status_code == 303


def test_a_link_is_not_in_the_address_that_stays(house: Office, recordings: tuple[str, str]) -> None:
    link = share(house, recordings[0])

    answer = house.stranger().get(f"/s/{link['secret']}")

    assert answer.headers["location"] == f"/transcriptions/{recordings[0]}"
    assert "httponly" in answer.headers["set-cookie"].lower()


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
@pytest.mark.parametrize(("may_edit", "status"), [(False, 403), (True, 200)])
def test_a_link_lets_correct_only_where_it_says_so(
    house: Office, recordings: tuple[str, str], method: str, may_edit: bool, status: int
) -> None:
    id = recordings[0]
    guest = guest_with(house, share(house, id, may_edit=may_edit))
    body = {"json": EMPTY_CHANGE} if method == "PATCH" else {"params": {"revision": 0}}

    assert guest.request(method, f"{API}/{id}/edits", **body).status_code == status
    for change in (
        ("PATCH", "", {"name": "x"}),
        ("DELETE", "", None),
        ("POST", "/cancel", None),
        ("POST", "/again", {}),
    ):
        assert guest.request(change[0], f"{API}/{id}{change[1]}", json=change[2]).status_code == 401


def test_a_link_can_keep_the_sound_to_its_owner(house: Office, recordings: tuple[str, str]) -> None:
    id = recordings[0]
    link = share(house, id, with_audio=False)

    for visitor in (guest_with(house, link), _also(house.logged_in("wang"), link)):
        assert visitor.get(f"{API}/{id}").status_code == 200
        assert visitor.get(f"{API}/{id}/audio").status_code == 403
        assert visitor.post(f"/api/v1/vad/transcriptions/{id}").status_code in (401, 403)
    assert house.logged_in("li").get(f"{API}/{id}/audio").status_code == 200


def _also(client: TestClient, link: dict[str, Any]) -> TestClient:
    client.get(f"/s/{link['secret']}")
    return client


def test_a_link_ends_when_it_is_taken_back_or_its_time_is_over(
    house: Office, recordings: tuple[str, str], settings: Settings
) -> None:
    id = recordings[0]
    links = [share(house, id, days=1) for _ in range(2)]
    guests = [guest_with(house, link) for link in links]

    assert house.logged_in("li").delete(f"{API}/{id}/shares/{links[0]['id']}").status_code == 204
    assert [guest.get(f"{API}/{id}").status_code for guest in guests] == [401, 200]
    in_database(settings.data_dir, "UPDATE share_links SET expires_at = '2020-01-01 00:00:00'")
    assert guests[1].get(f"{API}/{id}").status_code == 401
    assert house.stranger().get(f"/s/{links[1]['secret']}").status_code == 410


def test_openings_are_counted_and_the_secret_is_not_stored(
    house: Office, recordings: tuple[str, str], settings: Settings
) -> None:
    link = share(house, recordings[0])
    for _ in range(3):
        guest_with(house, link)

    [told] = house.logged_in("li").get(f"{API}/{recordings[0]}/shares").json()["links"]

    assert (told["id"], told["opened"], "secret" in told) == (link["id"], 3, False)
    assert link["secret"].encode() not in stored_in(settings.data_dir)


@pytest.mark.parametrize("by", ["person", "group"])
@pytest.mark.parametrize("may_edit", [False, True])
def test_what_is_shared_with_somebody_is_in_their_history_until_it_is_taken_back(
    house: Office, recordings: tuple[str, str], by: str, may_edit: bool
) -> None:
    id, other = recordings
    house.accounts.people.change(house.people["wang"].id, groups=["sales"])
    li, wang = house.logged_in("li"), house.logged_in("wang")
    wanted = {"name": "sales" if by == "group" else "Wang", "is_group": by == "group", "may_edit": may_edit}
    assert id not in wang.get(API).text

    grant = li.post(f"{API}/{id}/shares/grants", json=wanted).json()

    history = wang.get(API).text
    assert id in history
    assert other not in history
    assert wang.get(f"{API}/{id}/audio").status_code == 200
    assert wang.patch(f"{API}/{id}/edits", json=EMPTY_CHANGE).status_code == (200 if may_edit else 403)
    for method, path in (("PATCH", ""), ("DELETE", ""), ("POST", "/again"), ("GET", "/shares")):
        body = {"name": "mine"} if method == "PATCH" else {} if method == "POST" else None
        assert wang.request(method, f"{API}/{id}{path}", json=body).status_code == 403, path
    assert wang.post("/api/v1/history/delete", json={"ids": [id]}).json()["count"] == 0
    assert li.delete(f"{API}/{id}/shares/{grant['id']}").status_code == 204
    assert wang.get(f"{API}/{id}").status_code == 404


def test_what_a_guest_corrects_is_recorded(house: Office, recordings: tuple[str, str]) -> None:
    guest = guest_with(house, share(house, recordings[0], may_edit=True))

    guest.patch(f"{API}/{recordings[0]}/edits", json=EMPTY_CHANGE)

    entries = house.logged_in("admin").get("/api/v1/audit").json()["entries"]

    [corrected] = [entry for entry in entries if entry["thing"] == f"{API}/{recordings[0]}/edits"]
    assert (corrected["person_name"], corrected["status"]) == ("", 200)


def test_without_a_login_there_is_nothing_to_share(client: TestClient, wav: Path) -> None:
    id = send_recording(client, wav)["id"]

    answer = client.post(f"{API}/{id}/shares/links", json={})

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "sharing_needs_login")


def test_an_open_stream_is_looked_at_anew() -> None:
    async def changes() -> AsyncIterator[ServerSentEvent]:
        for number in range(3):
            yield ServerSentEvent(str(number))
            await anyio.sleep(0.02)

    async def heard(seconds: float) -> int:
        return len([event async for event in for_a_while(changes(), seconds)])

    async def hear() -> None:
        assert await heard(60) == 3
        assert 1 <= await heard(0.01) < 3

    run_apart(hear())
