"""Speakers over REST: reading, naming, putting right, and files with names."""

from __future__ import annotations

import io
from collections.abc import Iterator

import docx
import pytest
from starlette.testclient import TestClient

from app.domain.speakers import SpeakerTurn
from app.services.transcriptions.job_queue import Queue
from app.settings import Settings
from app.store.files.recordings import Files
from app.store.queries import diarizations
from tests.databases import database_in
from tests.recognised import recognised
from tests.web.conftest import API

SENTENCES = ("今天天气好", "明天下雨", "后天放晴")
TURNS = (SpeakerTurn(0.0, 5.0, 1), SpeakerTurn(10.0, 15.0, 2, 0.4), SpeakerTurn(14.0, 25.0, 1))


@pytest.fixture(name="path")
def _path(client: TestClient, settings: Settings) -> Iterator[str]:
    """The address of a transcription of three sentences by two speakers."""
    database = database_in(settings.data_dir)
    id = recognised(Queue(database, Files(settings.data_dir)), SENTENCES)
    with database.writing() as connection:
        diarizations.replace(connection, id, "test", TURNS)
    yield f"{API}/{id}"
    database.close()


def test_who_spoke_when_is_told_with_each_share(client: TestClient, path: str) -> None:
    answer = client.get(f"{path}/speakers").json()

    first, second = answer["speakers"]
    assert (first["speaker"], first["seconds"], first["turns"], first["interruptions"]) == (1, 16.0, 2, 1)
    assert first["share"] + second["share"] == pytest.approx(1)
    assert answer["turns"][1] == {"start": 10.0, "end": 15.0, "speaker": 2, "likeness": 0.4, "is_decided": False}


def test_names_are_in_every_file(client: TestClient, path: str) -> None:
    assert client.patch(f"{path}/speakers/2", json={"name": "Anna <3"}).status_code == 200

    def exported(format: str) -> str:
        return client.get(f"{path}/export", params={"format": format}).text

    assert exported("txt") == "Speaker 1: 今天天气好\nAnna <3: 明天下雨\nSpeaker 1: 后天放晴\n"
    assert "\nAnna <3: 明天下雨\n" in exported("srt")
    assert "<v Anna &lt;3>明天下雨" in exported("vtt")
    assert [line.split(",")[-1].strip() for line in exported("csv").splitlines()[1:]] == [
        "Speaker 1",
        "Anna <3",
        "Speaker 1",
    ]
    stored = client.get(f"{path}/export", params={"format": "json"}).json()
    assert [segment["speaker"] for segment in stored["segments"]] == [1, 2, 1]
    assert stored["speakers"] == [{"speaker": 2, "name": "Anna <3"}]
    document = docx.Document(io.BytesIO(client.get(f"{path}/export", params={"format": "docx"}).content))
    assert any("Anna <3" in paragraph.text and "明天下雨" in paragraph.text for paragraph in document.paragraphs)


def test_speakers_without_a_name_are_told_in_the_language_of_the_reader(client: TestClient, path: str) -> None:
    text = client.get(f"{path}/export", headers={"accept-language": "zh"}).text
    assert text.startswith("说话人 1: ")


def test_a_wrong_label_is_put_right(client: TestClient, path: str) -> None:
    moved = client.put(f"{path}/speakers/turns", json={"start": 10.0, "end": 15.0, "speaker": 3}).json()
    assert [speaker["speaker"] for speaker in moved["speakers"]] == [1, 3]
    parted = client.post(f"{path}/speakers/1/split", json={"since": 20.0}).json()
    assert [turn["speaker"] for turn in parted["turns"]] == [1, 3, 4]
    merged = client.post(f"{path}/speakers/4/merge", json={"into": 3}).json()
    assert [speaker["speaker"] for speaker in merged["speakers"]] == [1, 3]


def test_doubtful_turns_are_decided_one_after_the_other_and_taken_back(client: TestClient, path: str) -> None:
    before = client.get(f"{path}/speakers").json()
    [doubt] = client.get(f"{path}/speakers/doubts").json()["turns"]
    assert (doubt["start"], doubt["speaker"], doubt["others"]) == (10.0, 2, [1])

    wanted = {"start": doubt["start"], "end": doubt["end"], "labelled": 2, "speaker": 1}
    answer = client.post(f"{path}/speakers/decisions", json=wanted).json()

    assert answer["turns"][1] == {"start": 10.0, "end": 15.0, "speaker": 1, "likeness": 1.0, "is_decided": True}
    assert answer["last_change"] == 1
    assert client.get(f"{path}/speakers/doubts").json() == {"turns": []}
    again = client.post(f"{path}/speakers/decisions", json=wanted)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "turn_not_found")
    assert client.post(f"{path}/speakers/undo").json() == before
    assert client.post(f"{path}/speakers/undo").json()["error"]["code"] == "nothing_to_undo"


@pytest.mark.parametrize(
    ("method", "address", "body"),
    [
        ("PATCH", "/speakers/9", {"name": "Nobody"}),
        ("PATCH", "/speakers/1", {"name": "n" * 61}),
        ("POST", "/speakers/1/merge", {"into": 1}),
        ("POST", "/speakers/1/merge", {"into": 7}),
        ("POST", "/speakers/1/split", {"since": 99.0}),
        ("PUT", "/speakers/turns", {"start": 5.0, "end": 5.0, "speaker": 1}),
        ("PUT", "/speakers/turns", {"start": 1.0, "end": 5.0, "speaker": 9}),
        ("POST", "/speakers/decisions", {"start": 10.0, "end": 15.0, "labelled": 2, "speaker": 9}),
        ("POST", "/speakers", {"speakers": "many"}),
        ("POST", "/speakers", {"speakers": "off"}),
    ],
)
def test_what_does_not_fit_is_refused(
    client: TestClient, path: str, method: str, address: str, body: dict[str, object]
) -> None:
    before = client.get(f"{path}/speakers").json()
    answer = client.request(method, path + address, json=body)
    assert answer.status_code == 422, answer.text
    assert client.get(f"{path}/speakers").json() == before


def test_a_text_without_speakers_has_none(client: TestClient, settings: Settings) -> None:
    database = database_in(settings.data_dir)
    id = recognised(Queue(database, Files(settings.data_dir)), SENTENCES)
    database.close()

    assert client.get(f"{API}/{id}/speakers").json() == {"speakers": [], "turns": [], "last_change": None}
    assert client.get(f"{API}/{id}/export").text == "今天天气好\n明天下雨\n后天放晴\n"


def test_paragraphs_are_cut_where_the_speaker_changes_and_whole_again_on_request(
    client: TestClient, settings: Settings
) -> None:
    database = database_in(settings.data_dir)
    id = recognised(Queue(database, Files(settings.data_dir)), ("今天天气好", "明天下雨"))
    path = f"{API}/{id}"
    words = client.get(f"{path}/segments").json()["segments"][0]["words"]
    turns = [SpeakerTurn(0.0, words[1]["end"], 1), SpeakerTurn(words[1]["end"], 30.0, 2)]
    with database.writing() as connection:
        diarizations.replace(connection, id, "test", turns)
    database.close()

    [cut] = client.post(f"{path}/edits/by-speaker").json()["edits"]
    again = client.post(f"{path}/edits/by-speaker").json()

    assert (cut["first"], cut["last"]) == (0, 0)
    assert [piece["text"] for piece in cut["pieces"]] == ["今天", "天气好"]
    assert (again["revision"], again["edits"]) == (1, [])
    kept = client.get(f"{path}/export", params={"format": "txt"}).text
    assert kept == "Speaker 1: 今天\nSpeaker 2: 天气好\nSpeaker 2: 明天下雨\n"
    client.delete(f"{path}/edits", params={"revision": 1})
    assert client.get(f"{path}/edits").json()["edits"] == []


def test_what_people_have_written_is_cut_too_but_no_short_word_of_assent(
    client: TestClient, settings: Settings
) -> None:
    database = database_in(settings.data_dir)
    id = recognised(Queue(database, Files(settings.data_dir)), ("今天天气好",))
    path = f"{API}/{id}"
    changes = [{"first": 0, "last": 0, "pieces": [{"text": "今日天气好吗"}]}]
    client.patch(f"{path}/edits", json={"revision": 0, "changes": changes})
    [edit] = client.get(f"{path}/edits").json()["edits"]
    words = edit["pieces"][0]["words"]
    middle = words[len(words) // 2]["start"]
    turns = [SpeakerTurn(0.0, middle, 1), SpeakerTurn(middle, middle + 0.1, 2), SpeakerTurn(middle + 0.1, 30.0, 1)]
    with database.writing() as connection:
        diarizations.replace(connection, id, "test", turns)
    assert client.post(f"{path}/edits/by-speaker").json()["edits"] == []

    with database.writing() as connection:
        diarizations.replace(connection, id, "test", [turns[0], SpeakerTurn(middle, 30.0, 2)])
    database.close()
    [cut] = client.post(f"{path}/edits/by-speaker").json()["edits"]

    assert "".join(piece["text"] for piece in cut["pieces"]) == "今日天气好吗"
    assert len(cut["pieces"]) == 2


def test_the_history_finds_who_says_it(client: TestClient, path: str) -> None:
    client.patch(f"{path}/speakers/2", json={"name": "Anna"})
    found = client.get(API, params={"speaker": "anna", "query": "下雨"}).json()["items"]
    page = client.get("/history", params={"speaker": "Anna"}).text

    assert [item["id"] for item in found] == [path.rpartition("/")[2]]
    assert [piece["text"] for piece in found[0]["excerpts"][0]["pieces"] if piece["is_match"]] == ["下雨"]
    assert found[0]["speakers"][0]["name"] == "Anna"
    assert client.get(API, params={"speaker": "Anna", "query": "天气"}).json()["items"] == []
    assert client.get(API, params={"query": "Anna"}).json()["total"] == 1
    assert client.get("/api/v1/history/speakers", params={"beginning": "an"}).json() == {"names": ["Anna"]}
    assert "/history?speaker=Anna" in page
