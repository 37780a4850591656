"""Who may do what: each route, as each kind of person, on one's own things and on those of others."""

from __future__ import annotations

import json
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.testclient import TestClient, WebSocketDenialResponse

from app.domain.people import PERMISSIONS, Permission, Role
from app.settings import Settings
from tests.conftest import data_folder
from tests.web.accounts import Office, office, send_recording

SECRET = "the-secret-merger"
EVERYBODY, ANY_KEY = "everybody", "any key"
ROUTES = {
    EVERYBODY: """
        GET /health  GET /ready  GET /api/v1/health  GET /api/v1/ready  GET /metrics  GET /login  GET /welcome  GET /s/{secret}
        GET /login/oidc  GET /login/oidc/callback
        POST /preferences  POST /api/v1/login  POST /api/v1/welcome  POST /api/v1/welcome/look""",
    ANY_KEY: """
        GET /v1/models  GET /openai/v1/models  GET /v1/models/{model:path}  GET /openai/v1/models/{model:path}""",
    Permission.READ: """
        GET /  GET /transcriptions/{id}  GET /history  GET /docs  GET /batch  GET /batch/{id}  GET /live  GET /live/{id}/view  GET /vad
        GET /compare  GET /compare/{id}  GET /account  GET /api/v1/openapi.json
        GET /api/v1/transcriptions/events  GET /api/v1/transcriptions/{id}/events  GET /api/v1/transcriptions
        GET /api/v1/transcriptions/{id}  GET /api/v1/transcriptions/{id}/segments
        GET /api/v1/transcriptions/{id}/edits  GET /api/v1/transcriptions/{id}/audio
        GET /api/v1/transcriptions/{id}/peaks  GET /api/v1/transcriptions/{id}/export
        GET /api/v1/transcriptions/{id}/log  GET /api/v1/transcriptions/{id}/missing
        GET /api/v1/transcriptions/{id}/case  GET /api/v1/transcriptions/{id}/case/preview
        GET /api/v1/transcriptions/{id}/findings
        GET /api/v1/transcriptions/{id}/speakers  GET /api/v1/transcriptions/{id}/speakers/doubts
        POST /api/v1/history/export  GET /api/v1/history/statistics
        GET /api/v1/trash  GET /api/v1/live/sessions  GET /api/v1/live/{id}/events
        GET /api/v1/system  GET /api/v1/system/devices
        GET /api/v1/transcriptions/{id}/voices  GET /voices  GET /api/v1/voices  GET /api/v1/voices/export
        GET /api/v1/history/speakers
        GET /api/v1/models  GET /api/v1/models/events  GET /api/v1/models/{name}
        GET /api/v1/doctor/clock  POST /api/v1/doctor/upload  GET /api/v1/doctor/ticks  WS /api/v1/doctor/echo
        POST /api/v1/journal/{browser}  GET /api/v1/journal/{browser}  DELETE /api/v1/journal/{browser}
        GET /api/v1/vad/{id}  GET /api/v1/vad/{id}/peaks  GET /api/v1/vad/{id}/audio  GET /api/v1/vad/{id}/export
        GET /api/v1/hotword-lists  GET /api/v1/replacement-lists  GET /api/v1/comparisons  GET /api/v1/comparisons/{id}
        GET /api/v1/batches/events  GET /api/v1/batches  GET /api/v1/batches/{id}  GET /api/v1/batches/{id}/items
        GET /api/v1/batches/{id}/export  GET /api/v1/uploads/{id}  GET /api/v1/transcriptions/{id}/shares
        PATCH /api/v1/transcriptions/{id}/edits  DELETE /api/v1/transcriptions/{id}/edits
        POST /api/v1/transcriptions/{id}/edits/by-speaker
        POST /api/v1/logout  GET /api/v1/account  POST /api/v1/account/password
        POST /api/v1/account/logout-everywhere  POST /api/v1/account/keys  DELETE /api/v1/account/keys/{id}""",
    Permission.TRANSCRIBE: """
        POST /api/v1/transcriptions  PATCH /api/v1/transcriptions/{id}  DELETE /api/v1/transcriptions/{id}
        POST /api/v1/transcriptions/{id}/cancel  POST /api/v1/transcriptions/{id}/retry
        POST /api/v1/transcriptions/{id}/again  POST /api/v1/transcriptions/{id}/replacements
        POST /api/v1/transcriptions/{id}/speakers  PATCH /api/v1/transcriptions/{id}/speakers/{speaker}
        POST /api/v1/transcriptions/{id}/speakers/{speaker}/merge
        POST /api/v1/transcriptions/{id}/speakers/{speaker}/split
        PUT /api/v1/transcriptions/{id}/speakers/turns  POST /api/v1/transcriptions/{id}/reread
        POST /api/v1/transcriptions/{id}/speakers/decisions  POST /api/v1/transcriptions/{id}/speakers/undo
        POST /api/v1/transcriptions/{id}/voices  POST /api/v1/transcriptions/{id}/speakers/{speaker}/voice
        PUT /api/v1/transcriptions/{id}/speakers/{speaker}/voice
        POST /api/v1/voices/import  PATCH /api/v1/voices/{id}  DELETE /api/v1/voices/{id}
         POST /api/v1/transcriptions/{id}/shares/links
        POST /api/v1/transcriptions/{id}/shares/grants  DELETE /api/v1/transcriptions/{id}/shares/{share}
        POST /api/v1/history/delete  POST /api/v1/history/clear
        DELETE /api/v1/trash  POST /api/v1/trash/restore  POST /api/v1/trash/remove  POST /api/v1/trash/undo
        POST /api/v1/trash/{id}/restore  DELETE /api/v1/trash/{id}  WS /api/v1/live
        POST /api/v1/vad  POST /api/v1/vad/transcriptions/{id}  POST /api/v1/vad/{id}/texts
        DELETE /api/v1/vad/{id}/texts  DELETE /api/v1/vad/{id}  POST /api/v1/hotword-lists
        PUT /api/v1/hotword-lists/{id}  DELETE /api/v1/hotword-lists/{id}  POST /api/v1/comparisons
        POST /api/v1/replacement-lists  PUT /api/v1/replacement-lists/{id}  DELETE /api/v1/replacement-lists/{id}
        PUT /api/v1/comparisons/{id}/reference  POST /api/v1/comparisons/{id}/cancel
        DELETE /api/v1/comparisons/{id}  POST /api/v1/batches  DELETE /api/v1/batches/{id}
        POST /api/v1/batches/{id}/pause  POST /api/v1/batches/{id}/resume  POST /api/v1/batches/{id}/cancel
        POST /api/v1/batches/{id}/retry  POST /api/v1/batches/{id}/order  POST /api/v1/batches/{id}/items
        POST /api/v1/batches/{id}/uploads  PATCH /api/v1/uploads/{id}  DELETE /api/v1/uploads/{id}
        POST /openai/v1/audio/transcriptions  POST /v1/audio/transcriptions
        POST /openai/deployments/{deployment:path}/audio/transcriptions
        POST /openai/deployments/{deployment:path}/audio/translations
        POST /openai/v1/audio/translations  POST /v1/audio/translations  POST /asr  POST /detect-language
        WS /openai/realtime  WS /openai/v1/realtime  WS /v1/realtime  POST /v1/realtime/client_secrets
        POST /v1/realtime/transcription_sessions  WS /ws/funasr  POST /mcp""",
    Permission.ADMIN: """
        GET /settings  GET /models  GET /cluster  GET /doctor  GET /logs  GET /replay  GET /webhooks  GET /people  GET /audit
        GET /api/v1/settings  PATCH /api/v1/settings  GET /api/v1/settings/retention  GET /api/v1/settings/storage
        GET /api/v1/settings/backup  POST /api/v1/settings/backup  GET /api/v1/logs  GET /api/v1/logs/download
        GET /api/v1/doctor/checks  GET /api/v1/system/cluster  POST /api/v1/system/model/load  POST /api/v1/system/model/unload
        POST /api/v1/system/model/clear-cache  POST /api/v1/models/pull  POST /api/v1/models/folders
        POST /api/v1/models/{name}/pull  POST /api/v1/models/{name}/cancel  POST /api/v1/models/{name}/verify
        POST /api/v1/models/{name}/use  POST /api/v1/models/{name}/install  DELETE /api/v1/models/{name}
        POST /api/v1/vad/events/install  POST /api/v1/batches/{id}/folder
        GET /api/v1/requests/{request}/case  GET /api/v1/requests/{request}/case/preview
        POST /api/v1/replay  GET /api/v1/replay/{id}  DELETE /api/v1/replay/{id}
        GET /api/v1/webhooks  POST /api/v1/webhooks  GET /api/v1/webhooks/secret  GET /api/v1/webhooks/deliveries
        POST /api/v1/webhooks/deliveries/{id}/resend  POST /api/v1/webhooks/{id}/test  DELETE /api/v1/webhooks/{id}
        GET /api/v1/people  POST /api/v1/people  PATCH /api/v1/people/{id}  POST /api/v1/people/{id}/link
        POST /api/v1/people/{id}/logout  DELETE /api/v1/people/{id}  GET /api/v1/audit  GET /api/v1/audit/export""",
}
"""Every route of the program, and what it needs. A new route has to be entered here."""
NEEDED = {
    f"{method} {path}": needs
    for needs, listed in ROUTES.items()
    for method, path in zip(listed.split()[::2], listed.split()[1::2], strict=True)
}
OF_BROWSERS = ("POST /api/v1/account/keys", "DELETE /api/v1/account/keys/{id}")
"""What no API key does."""
ENDLESS = ("/events", "/ticks")
SKIPPED = (
    *("POST /api/v1/vad/events/install", "POST /api/v1/models/{name}/install", "POST /api/v1/settings/backup"),
    *("POST /api/v1/logout", "POST /api/v1/account/logout-everywhere", "GET /metrics"),
)
"""What installs packages or writes for long where it is allowed, ends the session, or looks at the address."""


@pytest.fixture(name="house", scope="module")
def _house(tmp_path_factory: pytest.TempPathFactory, empty: Path) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("house")
    settings = Settings(data_dir=data_folder(folder / "data", empty), log_dir=folder / "logs")
    with office(settings) as found:
        for name, role in (("owner", Role.MEMBER), ("other", Role.MEMBER), ("reader", Role.READER)):
            found.add(name, role)
        yield found


@pytest.fixture(name="wav", scope="module")
def _wav(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("wav") / f"{SECRET}.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(32_000))
    return path


def test_every_route_is_known_with_what_it_needs(house: Office) -> None:
    app = house.client.app
    assert isinstance(app, FastAPI)
    found = set()
    for context in iter_route_contexts(app.routes):
        methods = (getattr(context, "methods", None) or {"WS"}) - {"HEAD"}
        found |= {f"{method} {context.path}" for method in methods}
    mounted = {"WS /static", "WS /mcp"}

    assert found - mounted == NEEDED.keys() - {"POST /mcp"}


@pytest.mark.parametrize("kind", ["nobody", "reader", "other", "admin", "read key", "transcribe key", "admin key"])
def test_each_route_lets_in_whom_it_should(house: Office, kind: str, subtests: pytest.Subtests) -> None:
    client, permissions = _visitor(house, kind)
    for route, needs in NEEDED.items():
        method, _, path = route.partition(" ")
        if method == "WS" or path.endswith(ENDLESS) or route in SKIPPED:
            continue
        with subtests.test(route):
            status = client.request(method, _filled(path, "0" * 16)).status_code
            if needs == EVERYBODY or (permissions is not None and (needs == ANY_KEY or needs in permissions)):
                is_for_browsers = kind.endswith("key") and route in OF_BROWSERS
                assert status not in (401, 403) or (status == 403 and is_for_browsers)
            elif permissions is not None:
                assert status == 403
            else:
                assert status == 303 if method == "GET" and not path.startswith(("/api", "/v1", "/openai")) else 401


def _visitor(house: Office, kind: str) -> tuple[TestClient, frozenset[Permission] | None]:
    """Return a client, and the permissions it has; None without an account."""
    if kind == "nobody":
        return house.stranger(), None
    if kind.endswith("key"):
        scope = Permission(kind.removesuffix(" key"))
        return house.with_key("admin", scope), frozenset({scope})
    return house.logged_in(kind), PERMISSIONS[house.people[kind].role]


def _filled(path: str, id: str) -> str:
    path = path.replace("{speaker}", "1")
    for name in (
        "{id}",
        "{request}",
        "{browser}",
        "{share}",
        "{secret}",
        "{name}",
        "{model:path}",
        "{deployment:path}",
    ):
        path = path.replace(name, id)
    return path


@pytest.mark.parametrize("socket", [route for route in NEEDED if route.startswith("WS ")])
def test_a_socket_needs_a_login(house: Office, socket: str) -> None:
    path = socket.replace("WS ", "ws://127.0.0.1")

    with pytest.raises(WebSocketDenialResponse) as refused, house.stranger().websocket_connect(path):
        pass

    assert refused.value.status_code == 401


def test_nobody_finds_what_belongs_to_somebody_else(house: Office, wav: Path, subtests: pytest.Subtests) -> None:
    owner = house.logged_in("owner")
    things = _things_of(owner, wav)
    visitors = {
        "other": house.logged_in("other"),
        "admin": house.logged_in("admin"),
        "reader": house.logged_in("reader"),
    }
    visitors["key of another"] = house.with_key("other", *Permission)
    for name, visitor in visitors.items():
        for method, path, body in _requests_for(things):
            with subtests.test(f"{name}: {method} {path}"):
                answer = visitor.request(method, path, **body)
                is_empty_page = path.startswith("/batch/")  # which asks the API for everything it shows
                assert is_empty_page or answer.status_code in (403, 404), answer.text
                assert SECRET not in answer.text
        for path in LISTS:
            with subtests.test(f"{name}: {path}"):
                answer = visitor.request("GET", path)
                assert SECRET not in answer.text
                assert not any(id in answer.text for id in things.values())
    for method, path, body in _requests_for({kind: id for kind, id in things.items() if kind != "trashed"}):
        if method == "GET" and not path.endswith(ENDLESS):
            with subtests.test(f"owner: {path}"):
                assert owner.request(method, path, **body).status_code not in (401, 403, 404) or "/missing" in path


def test_what_others_do_to_many_things_leaves_mine_alone(house: Office, wav: Path) -> None:
    owner, other = house.logged_in("owner"), house.logged_in("other")
    mine, trashed = (send_recording(owner, wav)["id"] for _ in range(2))
    owner.delete(f"/api/v1/transcriptions/{trashed}")

    moved = other.post("/api/v1/history/delete", json={"ids": [mine]}).json()["count"]
    cleared = other.post("/api/v1/history/clear", json={"confirm": "clear"}).json().get("count", 0)
    emptied = other.request("DELETE", "/api/v1/trash").json()["count"]
    restored = other.post("/api/v1/trash/restore", json={"ids": [trashed]}).json()["count"]
    removed = other.post("/api/v1/trash/remove", json={"ids": [trashed]}).json()["count"]

    assert (moved, cleared, emptied, restored, removed) == (0, 0, 0, 0, 0)
    assert owner.get(f"/api/v1/transcriptions/{mine}").status_code == 200
    assert trashed in owner.get("/api/v1/trash").text


def test_the_same_recording_of_two_people_becomes_two_jobs(house: Office, wav: Path) -> None:
    jobs = []
    for name in ("owner", "other"):
        client = house.logged_in(name)
        answer = client.post(
            "/v1/audio/transcriptions",
            files={"file": (wav.name, wav.read_bytes())},
            data={"model": "whisper-1"},
            headers={"prefer": "respond-async", "idempotency-key": "one"},
        )
        assert answer.status_code == 202, answer.text
        jobs.append(answer.headers["location"])

    assert jobs[0] != jobs[1]


def test_two_people_can_have_hotword_lists_of_one_name(house: Office) -> None:
    wanted = {"name": "people of the office", "words": "Alice\n"}

    answers = [house.logged_in(name).post("/api/v1/hotword-lists", json=wanted) for name in ("owner", "other")]

    assert [answer.status_code for answer in answers] == [201, 201]


def test_the_administrator_sees_texts_only_where_the_installation_says_so(
    settings: Settings, wav: Path, subtests: pytest.Subtests
) -> None:
    with office(settings) as house:
        house.add("owner")
        id = send_recording(house.logged_in("owner"), wav)["id"]
        assert house.logged_in("admin").get(f"/api/v1/transcriptions/{id}").status_code == 404
        usage = {person["name"]: person for person in house.logged_in("admin").get("/api/v1/people").json()["people"]}
        assert (usage["owner"]["recordings"], usage["owner"]["busy"]) == (1, 1)
    with office(settings, admin_sees_texts=True) as house:
        assert house.logged_in("admin").get(f"/api/v1/transcriptions/{id}").status_code == 200


LISTS = (
    "/history",
    "/",
    "/api/v1/transcriptions",
    f"/api/v1/transcriptions?query={SECRET}",
    "/api/v1/trash",
    "/api/v1/batches",
    "/batch",
    "/api/v1/comparisons",
    "/api/v1/hotword-lists",
    "/api/v1/replacement-lists",
    "/api/v1/live/sessions",
    "/vad",
    "/compare",
    "/voices",
    "/api/v1/voices",
    "/api/v1/voices/export",
)


def _things_of(owner: TestClient, wav: Path) -> dict[str, str]:
    """Return the ids of one thing of each kind."""
    recording = {"file": (wav.name, wav.read_bytes())}
    transcription = send_recording(owner, wav)["id"]
    trashed = send_recording(owner, wav)["id"]
    owner.delete(f"/api/v1/transcriptions/{trashed}")
    batch = owner.post("/api/v1/batches", json={"name": SECRET}).json()["id"]
    wanted = {"name": wav.name, "size_bytes": wav.stat().st_size}
    upload = owner.post(f"/api/v1/batches/{batch}/uploads", json=wanted).json()["id"]
    analysis = owner.post("/api/v1/vad", files=recording).json()["id"]
    hotwords = owner.post("/api/v1/hotword-lists", json={"name": SECRET, "words": SECRET}).json()["id"]
    rules = owner.post("/api/v1/replacement-lists", json={"name": SECRET, "rules": f"{SECRET} => x"}).json()["id"]
    variants = json.dumps([{"model": "builtin"}, {"model": "builtin-large"}])
    answer = owner.post("/api/v1/comparisons", files={"variants": (None, variants)} | recording)
    assert answer.status_code == 201, answer.text
    comparison = answer.json()
    owner.post("/api/v1/voices/import", json={"voices": [VOICE | {"name": SECRET}]})
    voice = owner.get("/api/v1/voices").json()["voices"][0]["id"]
    return {
        "transcription": transcription,
        "trashed": trashed,
        "batch": batch,
        "upload": upload,
        "analysis": analysis,
        "list": hotwords,
        "rules": rules,
        "comparison": comparison["id"],
        "voice": voice,
    }


def _requests_for(things: dict[str, str]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield valid requests for each thing, one for each of its routes."""
    for route in NEEDED:
        method, _, path = route.partition(" ")
        kind = _kind_of(path)
        if kind and "{" in path and method != "WS" and not path.endswith("/install"):
            for each in (kind, "trashed") if kind == "transcription" else (kind,):
                if each in things:
                    yield method, _filled(path, things[each]) + QUERIES.get(path, ""), BODIES.get(route, {})


def _kind_of(path: str) -> str | None:
    beginnings = {
        "/transcriptions/": "transcription",
        "/api/v1/transcriptions/": "transcription",
        "/api/v1/vad/transcriptions/": "transcription",
        "/api/v1/vad/": "analysis",
        "/api/v1/trash/": "trashed",
        "/api/v1/batches/": "batch",
        "/batch/": "batch",
        "/api/v1/uploads/": "upload",
        "/api/v1/hotword-lists/": "list",
        "/api/v1/replacement-lists/": "rules",
        "/api/v1/comparisons/": "comparison",
        "/compare/": "comparison",
        "/api/v1/voices/": "voice",
    }
    return next((kind for beginning, kind in beginnings.items() if path.startswith(beginning)), None)


VOICE = {
    "consent_by": "the speaker",
    "created_at": "2026-11-22T18:57:01Z",
    "model": "CAM++ 0123456789abcdef",
    "vector": [0.6, 0.8],
}
QUERIES = {"/api/v1/transcriptions/{id}/export": "?format=txt", "/api/v1/vad/{id}/export": "?format=txt"}
BODIES: dict[str, dict[str, Any]] = {
    "PATCH /api/v1/transcriptions/{id}": {"json": {"name": "mine now"}},
    "PATCH /api/v1/transcriptions/{id}/edits": {"json": {"revision": 0, "changes": []}},
    "DELETE /api/v1/transcriptions/{id}/edits": {"params": {"revision": 0}},
    "POST /api/v1/transcriptions/{id}/again": {"json": {}},
    "POST /api/v1/transcriptions/{id}/replacements": {"json": {"rules": "a => b"}},
    "POST /api/v1/transcriptions/{id}/speakers": {"json": {"speakers": "auto"}},
    "PATCH /api/v1/transcriptions/{id}/speakers/{speaker}": {"json": {"name": "mine"}},
    "POST /api/v1/transcriptions/{id}/speakers/{speaker}/merge": {"json": {"into": 2}},
    "POST /api/v1/transcriptions/{id}/speakers/{speaker}/split": {"json": {"since": 0.1}},
    "POST /api/v1/transcriptions/{id}/speakers/{speaker}/voice": {
        "json": {"name": "mine", "consent": True, "consent_by": "myself"}
    },
    "PUT /api/v1/transcriptions/{id}/speakers/{speaker}/voice": {"json": {"voice": "0" * 16, "is_accepted": True}},
    "PATCH /api/v1/voices/{id}": {"json": {"name": "mine"}},
    "PUT /api/v1/transcriptions/{id}/speakers/turns": {"json": {"start": 0.0, "end": 0.5, "speaker": 1}},
    "POST /api/v1/transcriptions/{id}/speakers/decisions": {
        "json": {"start": 0.0, "end": 1.0, "labelled": 1, "speaker": 2}
    },
    "POST /api/v1/transcriptions/{id}/reread": {"json": {"stretches": [{"start": 0.0, "end": 0.5}]}},
    "POST /api/v1/transcriptions/{id}/shares/links": {"json": {}},
    "POST /api/v1/transcriptions/{id}/shares/grants": {"json": {"name": "other"}},
    "PUT /api/v1/hotword-lists/{id}": {"json": {"name": "mine", "words": "now"}},
    "PUT /api/v1/replacement-lists/{id}": {"json": {"name": "mine", "rules": "a => b"}},
    "PUT /api/v1/comparisons/{id}/reference": {"json": {"reference": "mine"}},
    "POST /api/v1/batches/{id}/order": {"json": {"positions": [0]}},
    "POST /api/v1/batches/{id}/items": {"json": {"ids": ["0" * 16], "action": "cancel"}},
    "POST /api/v1/batches/{id}/uploads": {"json": {"name": "mine.wav", "size_bytes": 10}},
    "POST /api/v1/batches/{id}/folder": {"json": {"path": "."}},
    "PATCH /api/v1/uploads/{id}": {"content": b"mine", "headers": {"upload-offset": "0"}},
    "POST /api/v1/vad/{id}/texts": {"json": {}},
}
