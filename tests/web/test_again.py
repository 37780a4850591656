"""Transcribing a recording again: a new transcription, the first one unchanged, and each refers to the other."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from app.settings import Settings
from tests.databases import in_database
from tests.web.conftest import API, usual_options


def send(client: TestClient, **fields: str) -> str:
    answer = client.post(API, files={"file": ("会议.wav", b"RIFF1234")}, data=fields)
    return str(answer.json()["id"])


def test_what_is_left_out_is_as_it_was(client: TestClient) -> None:
    first = send(client, language="zh", hotwords="转写\nConformer:30", itn="false")

    answer = client.post(f"{API}/{first}/again", json={"language": "en"})
    again = answer.json()

    assert answer.status_code == 201
    assert answer.headers["location"] == f"{API}/{again['id']}"
    assert again["options"] == client.get(f"{API}/{first}").json()["options"] | {"language": "en"}
    assert (again["name"], again["state"], again["again_of"]) == ("会议.wav", "queued", first)


def test_a_job_that_failed_tells_of_no_hotword_that_it_was_not_heard(client: TestClient, settings: Settings) -> None:
    id = send(client, hotwords="转写\nConformer")
    in_database(settings.data_dir, "UPDATE transcriptions SET state = 'failed' WHERE id = :id", id=id)
    assert client.get(f"{API}/{id}").json()["hotwords"] == []
    succeeded = "UPDATE transcriptions SET state = 'succeeded', duration = 1, text = '', text_raw = '' WHERE id = :id"
    in_database(settings.data_dir, succeeded, id=id)
    assert [each["status"] for each in client.get(f"{API}/{id}").json()["hotwords"]] == ["not_heard"] * 2


def test_everything_can_be_otherwise(client: TestClient) -> None:
    change = {
        "language": "en",
        "quality": "fast",
        "hotwords": [{"text": "alpha", "weight": 5}],
        "itn": False,
        "punctuation": False,
        "channels": "separate",
        "track": 2,
        "model": "builtin",
    }

    again = client.post(f"{API}/{send(client)}/again", json=change).json()

    assert again["options"] == usual_options() | change | {"hotwords": ["alpha:5"]}


def test_hotwords_may_be_a_text_and_may_be_none(client: TestClient) -> None:
    first = send(client, hotwords="alpha")

    texts = client.post(f"{API}/{first}/again", json={"hotwords": "beta\ngamma:7"}).json()
    none = client.post(f"{API}/{first}/again", json={"hotwords": ""}).json()

    assert texts["options"]["hotwords"] == ["beta", "gamma:7"]
    assert none["options"]["hotwords"] == []


def test_all_readings_of_a_recording_know_each_other(client: TestClient) -> None:
    first = send(client)
    second = client.post(f"{API}/{first}/again", json={"language": "zh"}).json()["id"]
    third = client.post(f"{API}/{second}/again", json={"language": "en"}).json()

    assert third["again_of"] == first
    assert [reading["id"] for reading in third["readings"]] == [first, second]
    readings = client.get(f"{API}/{first}").json()["readings"]
    assert [(reading["id"], reading["options"]["language"]) for reading in readings] == [
        (second, "zh"),
        (third["id"], "en"),
    ]


def test_each_reading_keeps_its_recording_when_the_other_is_deleted(client: TestClient) -> None:
    first = send(client)
    again = client.post(f"{API}/{first}/again", json={}).json()["id"]

    client.delete(f"{API}/{first}")

    assert client.get(f"{API}/{again}/audio").content == b"RIFF1234"
    assert client.get(f"{API}/{again}").json()["readings"] == []


def test_a_recording_that_is_gone_cannot_be_read_again(client: TestClient, settings: Settings) -> None:
    first = send(client)
    (settings.data_dir / "transcriptions" / first / "source.wav").unlink()

    answer = client.post(f"{API}/{first}/again", json={})

    assert (answer.status_code, answer.json()["error"]["code"]) == (410, "audio_gone")
    assert client.get(API).json()["total"] == 1
    assert len(list((settings.data_dir / "transcriptions").iterdir())) == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"language": "xx"}, "unknown_language"),
        ({"quality": "best"}, "invalid_parameter"),
        ({"speed": 3}, "invalid_parameter"),
        ({"hotwords": ["x" * 200]}, "invalid_parameter"),
    ],
)
def test_what_makes_no_sense_is_refused_and_leaves_nothing(
    client: TestClient, settings: Settings, change: dict[str, object], code: str
) -> None:
    answer = client.post(f"{API}/{send(client)}/again", json=change)

    assert (answer.status_code, answer.json()["error"]["code"]) == (422, code)
    assert client.get(API).json()["total"] == 1
    assert list((settings.data_dir / "incoming").iterdir()) == []


def test_an_unknown_transcription_cannot_be_read_again(client: TestClient) -> None:
    assert client.post(f"{API}/none/again", json={}).json()["error"]["code"] == "transcription_not_found"
