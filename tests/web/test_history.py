"""The history, the trash and the statistics over REST."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.settings import Settings
from tests.web.conftest import API

HISTORY, TRASH = "/api/v1/history", "/api/v1/trash"


def send(client: TestClient, name: str = "a.wav") -> str:
    """Send a recording and return its id."""
    return str(client.post(API, files={"file": (name, b"RIFF")}).json()["id"])


def names(client: TestClient, address: str = API, **parameters: Any) -> list[str]:
    return [item["name"] for item in client.get(address, params=parameters).json()["items"]]


def finish(settings: Settings, id: str, text: str, language: str, start: float = 12.5) -> None:
    """Give a transcription the text that a worker would have found."""
    from app.store.queries import segments, transcriptions
    from tests.databases import database_in

    database = database_in(settings.data_dir)
    with database.writing() as connection:
        transcriptions.change(
            connection,
            id,
            state="succeeded",
            stage="finished",
            text=text,
            text_raw=text,
            language=language,
            duration=60.0,
        )
        times = {"index": 0, "start": start, "end": start + 3, "covers_seconds": 60.0, "seconds_worked": 1.0}
        segments.add(connection, id, [times | {"state": "done", "text": text, "text_raw": text}])
    database.close()


def test_a_search_tells_where_its_words_stand(client: TestClient, settings: Settings) -> None:
    finish(settings, send(client, "会议 one.wav"), "今天我们开会讨论预算", "zh")
    send(client, "other.wav")

    (item,) = client.get(API, params={"query": "讨论"}).json()["items"]
    (excerpt,) = item["excerpts"]
    assert (excerpt["start"], excerpt["segment"]) == (12.5, 0)
    assert [piece["text"] for piece in excerpt["pieces"] if piece["is_match"]] == ["讨论"]

    (item,) = client.get(API, params={"query": "会议"}).json()["items"]
    assert item["name_pieces"] == [
        {"text": "会议", "is_match": True},
        {"text": " one.wav", "is_match": False},
    ]


def test_filters_go_together(client: TestClient, settings: Settings) -> None:
    finish(settings, send(client, "zh.wav"), "今天天气很好", "zh")
    finish(settings, send(client, "en.wav"), "nice weather today", "en")
    send(client, "waiting.wav")

    assert names(client, language="zh") == ["zh.wav"]
    assert names(client, state="succeeded") == ["en.wav", "zh.wav"]
    assert names(client, state="succeeded", query="weather") == ["en.wav"]
    assert names(client, source="page") == []
    assert len(names(client, source="api")) == 3
    assert names(client, since="2100-01-01T00:00:00Z") == []
    assert len(names(client, since="2001-01-01T00:00:00Z", until="2100-01-01T00:00:00")) == 3


def test_pages_go_on_from_a_place_forwards_and_back(client: TestClient) -> None:
    for number in range(5):
        send(client, f"{number}.wav")

    first = client.get(API, params={"limit": 2}).json()
    second = client.get(API, params={"limit": 2, "before": first["older"]}).json()
    last = client.get(API, params={"limit": 2, "before": second["older"]}).json()
    back = client.get(API, params={"limit": 2, "after": last["newer"]}).json()
    start = client.get(API, params={"limit": 2, "after": back["newer"]}).json()

    pages = [[item["name"] for item in page["items"]] for page in (first, second, last, back, start)]
    assert pages == [
        ["4.wav", "3.wav"],
        ["2.wav", "1.wav"],
        ["0.wav"],
        ["2.wav", "1.wav"],
        ["4.wav", "3.wav"],
    ]
    assert (first["newer"], last["older"], start["newer"]) == (None, None, None)
    assert start["older"] == first["older"]


def test_a_page_keeps_its_place_while_others_arrive(client: TestClient) -> None:
    for number in range(4):
        send(client, f"{number}.wav")
    older = client.get(API, params={"limit": 2}).json()["older"]
    send(client, "new.wav")

    assert names(client, limit=2, before=older) == ["1.wav", "0.wav"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("before", "x"), ("before", "-1"), ("after", "1-"), ("since", "yesterday"), ("language", "x" * 17)],
)
def test_what_makes_no_sense_is_refused(client: TestClient, name: str, value: str) -> None:
    answer = client.get(API, params={name: value})

    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "invalid_parameter"


@pytest.mark.parametrize(
    "query",
    [
        "*",
        '"',
        '""',
        '"会议',
        "AND",
        "a OR",
        "NOT",
        "(",
        "name:x",
        "-",
        "^",
        "👍",
        "🎉会",
        "%",
        "_",
        "'",
        "\\",
        "{}",
        "\x00",
        "NEAR(a b)",
        "，。",
        "\ud800",
    ],
)
def test_no_query_breaks_the_search(client: TestClient, query: str) -> None:
    send(client)

    sent = query.encode("utf-8", "surrogatepass")
    assert client.get(API, params={"query": sent}).status_code == 200
    assert client.get("/history", params={"query": sent}).status_code == 200


@pytest.mark.parametrize("day", ["0002-01-01", "1969-12-31", "9999-12-31"])
@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York", ""])
def test_a_year_that_is_being_typed_is_no_error(client: TestClient, day: str, zone: str) -> None:
    send(client)

    for name in ("since", "until"):
        page = client.get("/history", params={name: day, "zone": zone})
        assert page.status_code == 200
        assert ("a.wav" in page.text) == ((name == "since") == (day < "2000"))


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+08:00", "9999-12-31T23:59:59-08:00", "1969-01-01"])
def test_a_moment_out_of_bounds_is_no_error(client: TestClient, moment: str) -> None:
    for address in (API, TRASH):
        assert client.get(address, params={"since": moment}).status_code in (200, 422)
        assert client.get(address, params={"until": moment, "query": "a"}).status_code in (200, 422)


def test_a_place_of_another_list_leads_nowhere_and_is_no_error(client: TestClient) -> None:
    client.delete(f"{API}/{send(client)}")

    assert names(client, TRASH, before="5") == []
    assert names(client, before="5-5") == []
    assert client.get("/history?view=trash&after=9").status_code == 200


def test_a_selection_is_deleted_and_the_deletion_undone(client: TestClient) -> None:
    ids = [send(client, f"{number}.wav") for number in range(3)]

    answer = client.post(f"{HISTORY}/delete", json={"ids": [*ids[:2], "unknown"]}).json()
    assert answer["count"] == 2
    assert names(client) == ["2.wav"]
    assert set(names(client, TRASH)) == {"0.wav", "1.wav"}

    assert client.post(f"{TRASH}/undo", json={"undo": answer["undo"]}).json() == {"count": 2}
    assert names(client) == ["2.wav", "1.wav", "0.wav"]
    assert client.post(f"{TRASH}/undo", json={"undo": answer["undo"]}).json() == {"count": 0}


def test_a_waiting_job_that_was_deleted_comes_back_cancelled(client: TestClient) -> None:
    id = send(client)
    client.delete(f"{API}/{id}")
    restored = client.post(f"{TRASH}/{id}/restore").json()

    assert restored["state"] == "cancelled"
    assert client.get(f"{API}/{id}").status_code == 200
    assert client.post(f"{TRASH}/{id}/restore").status_code == 404


def test_clearing_needs_a_yes_and_takes_what_the_filter_says(client: TestClient) -> None:
    keep, go = send(client, "keep.wav"), send(client, "go.wav")
    client.post(f"{API}/{go}/cancel")

    assert client.post(f"{HISTORY}/clear", json={}).status_code == 422
    assert client.post(f"{HISTORY}/clear", json={"confirm": False}).status_code == 422
    assert client.post(f"{HISTORY}/clear", params={"state": "cancelled"}, json={"confirm": True}).json()["count"] == 1
    assert names(client) == ["keep.wav"]
    assert client.post(f"{HISTORY}/clear", json={"confirm": True}).json()["count"] == 1
    assert names(client) == []
    assert client.post(f"{TRASH}/restore", json={"ids": [keep, go]}).json() == {"count": 2}


def test_the_trash_shows_the_latest_deletion_first_page_by_page(client: TestClient) -> None:
    ids = [send(client, f"{number}.wav") for number in range(3)]
    for id in ids:
        client.delete(f"{API}/{id}")

    first = client.get(TRASH, params={"limit": 2}).json()
    second = client.get(TRASH, params={"limit": 2, "before": first["older"]}).json()
    back = client.get(TRASH, params={"limit": 2, "after": second["newer"]}).json()
    assert [[item["name"] for item in page["items"]] for page in (first, second, back)] == [
        ["2.wav", "1.wav"],
        ["0.wav"],
        ["2.wav", "1.wav"],
    ]
    assert first["items"][0]["deleted_at"].endswith("Z")
    assert (first["total"], names(client, TRASH, query="1")) == (3, ["1.wav"])


def test_what_is_removed_from_the_trash_is_gone_with_its_files(client: TestClient, settings: Settings) -> None:
    ids = [send(client, f"{number}.wav") for number in range(4)]
    client.post(f"{HISTORY}/delete", json={"ids": ids[:3]})
    folder = settings.data_dir / "transcriptions"

    assert client.delete(f"{TRASH}/{ids[3]}").status_code == 404
    assert client.delete(f"{TRASH}/{ids[0]}").status_code == 204
    assert client.delete(f"{TRASH}/{ids[0]}").status_code == 404
    assert client.post(f"{TRASH}/remove", json={"ids": [ids[1], ids[3]]}).json() == {"count": 1}
    assert client.delete(TRASH).json() == {"count": 1}
    assert [path.name for path in folder.iterdir()] == [ids[3]]
    assert client.get(TRASH).json()["total"] == 0


@pytest.mark.parametrize("body", [{}, {"ids": []}, {"ids": ["x" * 65]}, {"ids": ["a"] * 1001}])
@pytest.mark.parametrize("address", [f"{HISTORY}/delete", f"{HISTORY}/export", f"{TRASH}/restore", f"{TRASH}/remove"])
def test_a_selection_has_a_measure(client: TestClient, address: str, body: dict[str, Any]) -> None:
    assert client.post(address, json=body).status_code == 422


def test_a_selection_is_taken_away_as_one_file(client: TestClient, settings: Settings) -> None:
    done, waiting = send(client, "会议.wav"), send(client, "waiting.wav")
    finish(settings, done, "今天天气很好", "zh")
    sent = {"ids": [done, waiting, "unknown"], "format": "srt.zip"}

    answer = client.post(f"{HISTORY}/export", json=sent)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.namelist() == ["会议.srt", "README.txt"]
        assert "今天天气很好" in archive.read("会议.srt").decode()
    assert "transcripts.zip" in answer.headers["content-disposition"]
    table = client.post(f"{HISTORY}/export", json=sent | {"format": "csv"}).content.decode("utf-8-sig")
    assert "waiting.wav,queued" in table
    assert len(client.post(f"{HISTORY}/export", json=sent | {"format": "json"}).json()) == 2
    reader = {"locale": "zh", "zone": "Asia/Shanghai"}
    worded = client.post(f"{HISTORY}/export", params=reader, json=sent | {"format": "csv"}).content.decode("utf-8-sig")
    headings, row, *_ = csv.reader(io.StringIO(worded))
    assert headings[:3] == ["名称", "状态", "语言"]
    assert row[4].endswith("+08:00")
    unknown = client.post(f"{HISTORY}/export", params={"locale": "xx"}, json=sent)
    assert unknown.status_code == 422
    refusal = client.post(f"{HISTORY}/export", json=sent | {"format": "mp3"})
    assert refusal.json()["error"]["code"] == "unknown_format"


def test_the_statistics_count_what_there_is(client: TestClient, settings: Settings) -> None:
    for name in ("a.wav", "b.wav", "c.wav"):
        id = send(client, name)
    finish(settings, id, "今天", "zh")
    client.delete(f"{API}/{send(client, 'gone.wav')}")

    told = client.get(f"{HISTORY}/statistics", params={"zone": "Asia/Shanghai"}).json()
    assert (told["count"], told["seconds"], told["trash_count"]) == (3, 60.0, 1)
    assert told["size_bytes"] == 12
    assert told["by_state"] == {"queued": 2, "running": 0, "succeeded": 1, "failed": 0, "cancelled": 0}
    assert (told["by_language"], told["by_source"]) == ({"zh": 1}, {"api": 3})
    assert len(told["days"]) == 30
    assert [day["count"] for day in told["days"]] == [0] * 29 + [3]
    assert client.get(f"{HISTORY}/statistics", params={"zone": "../etc"}).status_code == 422


def test_recordings_of_a_batch_stand_under_its_name(client: TestClient) -> None:
    send(client, "before.wav")
    batch = client.post("/api/v1/batches", json={"name": "Calls of Monday", "options": {}}).json()["id"]
    for number in range(3):
        data = b"some sound %d" % number
        body = {"name": f"{number}.wav", "size_bytes": len(data)}
        upload = client.post(f"/api/v1/batches/{batch}/uploads", json=body).json()["id"]
        headers = {"content-type": "application/offset+octet-stream", "upload-offset": "0"}
        client.patch(f"/api/v1/uploads/{upload}", content=data, headers=headers)
    send(client, "after.wav")

    items = client.get(API).json()["items"]
    page = client.get("/history").text

    assert [item["batch"] and item["batch"]["name"] for item in items] == [None, *["Calls of Monday"] * 3, None]
    assert page.count(f'href="/batch/{batch}"') == 1
    assert page.count("result-row--grouped") == 3
