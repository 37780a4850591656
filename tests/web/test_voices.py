"""Known voices over REST: what is answered, taken along, shown to nobody else, and in no support case."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.domain.speakers import SpeakerTurn
from app.domain.speakers.known_voices import VoiceProposal
from app.services.transcriptions.job_queue import Queue
from app.settings import Settings
from app.store.files.recordings import Files
from app.store.queries import diarizations
from app.store.queries.voices import known_voices
from tests.databases import database_in
from tests.recognised import recognised
from tests.web.accounts import office
from tests.web.conftest import API

VOICES = "/api/v1/voices"
VOICE: dict[str, Any] = {
    "name": "Wang Geheim",
    "consent_by": "Zustimmung am Telefon",
    "purpose": "Protokolle der Kanzlei",
    "created_at": "2026-11-22T18:57:01Z",
    "model": "CAM++ 0123456789abcdef",
    "vector": [0.6, 0.8],
    "is_narrow": True,
}
TURNS = (SpeakerTurn(0.0, 5.0, 1), SpeakerTurn(10.0, 15.0, 2))


@pytest.fixture(name="path")
def _path(client: TestClient, settings: Settings) -> Iterator[str]:
    """The address of a transcription whose second speaker sounds like the one known voice."""
    assert client.post(f"{VOICES}/import", json={"voices": [VOICE]}).json() == {"count": 1}
    [voice] = client.get(VOICES).json()["voices"]
    database = database_in(settings.data_dir)
    id = recognised(Queue(database, Files(settings.data_dir)), ("今天", "明天"))
    with database.writing() as connection:
        diarizations.replace(connection, id, "test", TURNS)
        known_voices.propose(connection, id, [VoiceProposal(2, voice["id"], voice["name"], 0.777)])
    yield f"{API}/{id}"
    database.close()


def proposals(client: TestClient, path: str) -> list[dict[str, Any]]:
    return list(client.get(f"{path}/voices").json()["proposals"])


def test_a_list_says_who_agreed_and_an_export_what_they_sound_like(client: TestClient, path: str) -> None:
    [voice] = client.get(VOICES).json()["voices"]
    exported = client.get(f"{VOICES}/export")

    assert (voice["name"], voice["consent_by"], voice["purpose"]) == tuple(list(VOICE.values())[:3])
    assert "vector" not in voice
    assert exported.json()["voices"] == [VOICE | {"created_at": exported.json()["voices"][0]["created_at"]}]
    assert exported.headers["content-disposition"] == 'attachment; filename="known-voices.json"'
    assert client.post(f"{VOICES}/import", json=exported.json()).json() == {"count": 1}
    assert len(client.get(VOICES).json()["voices"]) == 2


def test_a_proposal_is_accepted(client: TestClient, path: str) -> None:
    [proposal] = proposals(client, path)
    assert (proposal["speaker"], proposal["name"], proposal["likeness"]) == (2, VOICE["name"], 0.78)
    named = client.put(f"{path}/speakers/2/voice", json={"voice": proposal["voice"], "is_accepted": True}).json()
    assert [each["name"] for each in named["speakers"]] == ["", VOICE["name"]]
    assert proposals(client, path) == []


def test_a_proposal_is_refused(client: TestClient, path: str) -> None:
    [proposal] = proposals(client, path)
    kept = client.put(f"{path}/speakers/2/voice", json={"voice": proposal["voice"], "is_accepted": False}).json()
    assert [each["name"] for each in kept["speakers"]] == ["", ""]
    assert proposals(client, path) == []


def test_deleting_a_voice_ends_its_proposals(client: TestClient, path: str) -> None:
    [proposal] = proposals(client, path)
    assert client.delete(f"{VOICES}/{proposal['voice']}").status_code == 204
    assert (proposals(client, path), client.get(VOICES).json()["voices"]) == ([], [])
    assert client.delete(f"{VOICES}/{proposal['voice']}").status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        {"vector": []},
        {"vector": [0.0, 0.0]},
        {"vector": ["nan", 1.0]},
        {"name": " "},
        {"name": "n" * 61},
        {"consent_by": ""},
        {"consent_by": "c" * 301},
        {"purpose": "p" * 301},
        {"created_at": 12},
        {"model": ""},
        {"more": True},
    ],
)
def test_what_is_no_exported_voice_is_refused_whole(client: TestClient, change: dict[str, Any]) -> None:
    answer = client.post(f"{VOICES}/import", json={"voices": [VOICE, VOICE | change]})
    assert answer.status_code == 422, answer.text
    assert client.get(VOICES).json()["voices"] == []


@pytest.mark.parametrize("change", [{"consent": False}, {"consent": None}, {"consent_by": " "}, {"name": ""}])
def test_without_consent_nothing_is_remembered(client: TestClient, path: str, change: dict[str, Any]) -> None:
    wanted = {"name": "Anna", "consent": True, "consent_by": "Anna"} | change
    answer = client.post(f"{path}/speakers/1/voice", json=wanted)
    assert answer.status_code == 422
    assert len(client.get(VOICES).json()["voices"]) == 1


def test_no_voice_is_in_a_support_case(client: TestClient, path: str) -> None:
    [proposal] = proposals(client, path)
    client.put(f"{path}/speakers/2/voice", json={"voice": proposal["voice"], "is_accepted": True})
    client.patch(f"{VOICES}/{proposal['voice']}", json={"name": VOICE["name"], "purpose": VOICE["purpose"]})

    preview = client.get(f"{path}/case/preview", params={"keep_names": True, "keep_texts": True}).text
    answer = client.get(f"{path}/case", params={"keep_names": True, "audio": "whole"})

    private = [VOICE["name"], VOICE["consent_by"], VOICE["purpose"], VOICE["model"]]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        files = [archive.read(name) for name in archive.namelist()]
    assert files
    for text in private:
        assert text not in preview
        assert not any(text.encode() in content for content in files), text
    assert not any(struct.pack("<2f", 0.6, 0.8) in content for content in files)
    assert not any(b'"vector"' in content for content in files)


def test_an_administrator_sees_how_many_not_whose(settings: Settings) -> None:
    with office(settings, admin_sees_texts=True) as house:
        house.add("li")
        house.logged_in("li").post(f"{VOICES}/import", json={"voices": [VOICE, VOICE]})
        admin = house.logged_in("admin")

        counts = {person["name"]: person["voices"] for person in admin.get("/api/v1/people").json()["people"]}
        assert counts == {"admin": 0, "li": 2}
        assert admin.get(VOICES).json()["voices"] == []
        assert VOICE["name"] not in admin.get("/api/v1/audit").text


def test_the_voices_of_a_person_go_with_them(settings: Settings) -> None:
    with office(settings) as house:
        house.add("li")
        house.logged_in("li").post(f"{VOICES}/import", json={"voices": [VOICE]})
        admin = house.logged_in("admin")
        people = {person["name"]: person["id"] for person in admin.get("/api/v1/people").json()["people"]}
        removed = admin.delete(f"/api/v1/people/{people['li']}", params={"heir": people["admin"]})

        assert removed.status_code == 204, removed.text
        assert admin.get(VOICES).json()["voices"] == []
        database = database_in(settings.data_dir)
        with database.reading() as connection:
            assert known_voices.counts(connection) == {}
        database.close()


def test_voices_can_be_switched_off_for_all(settings: Settings, tmp_path: Path) -> None:
    with office(settings, known_voices=False) as house:
        admin = house.logged_in("admin")
        assert admin.get(VOICES).json() == {"voices": [], "is_on": False, "model": None}
        answer = admin.post(f"{VOICES}/import", json={"voices": [VOICE]})
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "voices_switched_off")
