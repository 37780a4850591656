"""Edits over REST: what pages and programs send, and the responses."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import pytest
from starlette.testclient import TestClient

from app.services.transcriptions.job_queue import Queue
from app.settings import Settings
from app.store.files.recordings import Files
from tests.databases import database_in
from tests.recognised import recognised
from tests.web.conftest import API

SENTENCES = ("今天天气好", "明天下雨", "后天放晴")


@pytest.fixture(name="path")
def _path(client: TestClient, settings: Settings) -> Iterator[str]:
    """The address of a transcription of three sentences."""
    database = database_in(settings.data_dir)
    yield f"{API}/{recognised(Queue(database, Files(settings.data_dir)), SENTENCES)}"
    database.close()


def change(first: int, last: int, *texts: str) -> dict[str, object]:
    return {"first": first, "last": last, "pieces": [{"text": text} for text in texts]}


def save(client: TestClient, path: str, revision: int, *changes: dict[str, object]) -> httpx2.Response:
    return client.patch(f"{path}/edits", json={"revision": revision, "changes": list(changes)})


def test_a_change_answers_what_stands_there_now(client: TestClient, path: str) -> None:
    answer = save(client, path, 0, change(0, 0, "今天", "天气很好。")).json()

    assert answer["revision"] == 1
    assert answer["edited_at"].endswith("Z")
    first, second = answer["edits"][0]["pieces"]
    assert (first["start"], first["end"], second["start"], second["end"]) == (0.0, 2.0, 2.0, 5.0)
    assert [word["text"] for word in second["words"]] == ["天", "气", "很", "好。"]


def test_the_edited_text_is_in_the_answer_the_list_and_the_exports(client: TestClient, path: str) -> None:
    save(client, path, 0, change(1, 1, "明天下雪。"))

    job = client.get(path).json()
    assert (job["text"], job["edit_revision"]) == ("今天天气好明天下雪。后天放晴", 1)
    assert client.get(API).json()["items"][0]["text"] == job["text"]
    assert client.get(API, params={"query": "下雪"}).json()["total"] == 1
    export = f"{path}/export"
    assert client.get(export).text == "今天天气好\n明天下雪。\n后天放晴\n"
    assert client.get(export, params={"original": True}).text == "今天天气好\n明天下雨\n后天放晴\n"
    assert "明天下雪。" in client.get(export, params={"format": "srt"}).text


def test_a_stale_revision_is_refused_with_the_choice(client: TestClient, path: str) -> None:
    save(client, path, 0, change(0, 0, "一"))

    answer = save(client, path, 0, change(0, 0, "二"))

    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "edit_conflict"
    assert "version 1" in answer.json()["error"]["message"]
    assert client.get(f"{path}/edits").json()["edits"][0]["pieces"][0]["text"] == "一"


def test_edits_are_read_in_part_and_without_words(client: TestClient, path: str) -> None:
    save(client, path, 0, change(0, 0, "一"), change(2, 2, "二"))

    def read(**parameters: object) -> list[tuple[int, int]]:
        answer = client.get(f"{path}/edits", params=parameters).json()
        return [(edit["first"], len(edit["pieces"][0]["words"])) for edit in answer["edits"]]

    assert read() == [(0, 1), (2, 1)]
    assert read(first=1, words=False) == [(2, 0)]
    assert read(last=1) == [(0, 1)]


def test_segments_are_read_in_part_with_their_words(client: TestClient, path: str) -> None:
    found = client.get(f"{path}/segments", params={"first": 1, "last": 1}).json()["segments"]

    assert [segment["index"] for segment in found] == [1]
    assert [word["text"] for word in found[0]["words"]] == list("明天下雨")
    assert len(client.get(f"{path}/segments").json()["segments"]) == 3


def test_everything_is_restored(client: TestClient, path: str) -> None:
    save(client, path, 0, change(0, 1, "一"))

    assert client.delete(f"{path}/edits", params={"revision": 0}).status_code == 409
    assert client.delete(f"{path}/edits", params={"revision": 1}).json() == {
        "revision": 2,
        "edited_at": None,
        "edits": [],
    }
    assert client.get(path).json()["text"] == "".join(SENTENCES)


def test_a_text_is_one_line_of_valid_characters(client: TestClient, path: str) -> None:
    body = '{"revision": 0, "changes": [{"first": 0, "last": 0, "pieces": [{"text": " a\\n b\\u0000 c "}]}]}'
    answer = client.patch(f"{path}/edits", content=body, headers={"content-type": "application/json"})

    assert answer.json()["edits"][0]["pieces"][0]["text"] == "a b c"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"revision": 0, "changes": [{"first": 5, "last": 5, "pieces": []}]},
        {"revision": 0, "changes": [{"first": 1, "last": 0, "pieces": []}]},
        {"revision": 0, "changes": [{"first": 0, "last": 60, "pieces": []}]},
        {"revision": 0, "changes": [{"first": 0, "last": 0, "pieces": [{"text": "x" * 20_001}]}]},
        {"revision": 0, "changes": [{"first": 0, "last": 0, "pieces": [{"text": "x"}] * 61}]},
    ],
)
def test_what_does_not_fit_is_refused_and_changes_nothing(
    client: TestClient, path: str, body: dict[str, object]
) -> None:
    answer = client.patch(f"{path}/edits", json=body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_parameter")
    assert client.get(f"{path}/edits").json() == {"revision": 0, "edited_at": None, "edits": []}


def test_a_text_that_is_still_made_cannot_be_edited(client: TestClient) -> None:
    id = client.post(API, files={"file": ("a.wav", b"RIFF")}).json()["id"]

    answer = save(client, f"{API}/{id}", 0, change(0, 0, "一"))

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "not_finished")
