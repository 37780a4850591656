import pytest
from starlette.testclient import TestClient

from app.settings import Settings
from tests.web.conftest import API

UNKNOWN = f"{API}/0123456789abcdef"


def send(client: TestClient, name: str = "a.wav", sound: bytes = b"RIFF") -> str:
    """Send a recording and return the path of its transcription."""
    return str(client.post(API, files={"file": (name, sound)}).headers["location"])


def code_of(response: object) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]  # type: ignore[attr-defined]


def test_a_transcription_has_the_names_that_are_promised(client: TestClient) -> None:
    job = client.get(send(client)).json()

    assert set(job) == {
        *(
            "id",
            "name",
            "state",
            "source",
            "created_at",
            "started_at",
            "finished_at",
            "size_bytes",
            "duration",
        ),
        *("language", "model", "device", "options", "progress", "cancel_requested", "text", "text_raw"),
        *("confidence", "segments", "receipt", "hotwords", "warnings", "error", "revision"),
        *("edit_revision", "again_of", "readings", "tracks", "channel_names", "is_exportable"),
    }
    assert set(job["progress"]) == {
        *("stage", "percent", "seconds_done", "segments_done", "segments_failed", "segments_total"),
        *("eta_seconds", "queue_position", "waits_for"),
    }
    assert job["created_at"].endswith("Z")
    assert (job["text"], job["text_raw"], job["segments"], job["error"]) == ("", "", [], None)


def test_the_history_is_newest_first_and_comes_in_pages(client: TestClient) -> None:
    for number in range(5):
        send(client, f"{number}.wav")
    page = client.get(API, params={"limit": 2, "offset": 1}).json()

    assert [item["name"] for item in page["items"]] == ["3.wav", "2.wav"]
    assert (page["total"], page["limit"], page["offset"]) == (5, 2, 1)
    assert not {"segments", "receipt", "text_raw"} & set(page["items"][0])


def test_the_history_is_searched_by_name_and_by_state(client: TestClient) -> None:
    send(client, "会议 100%.mp3")
    client.post(send(client, "lecture.mp3") + "/cancel")

    def found(**parameters: str) -> list[str]:
        return [item["name"] for item in client.get(API, params=parameters).json()["items"]]

    assert found(query="会议") == ["会议 100%.mp3"]
    assert found(query="100%") == ["会议 100%.mp3"]
    assert found(query="LECTURE") == ["lecture.mp3"]
    assert found(state="cancelled") == ["lecture.mp3"]
    assert found(query="nothing like it") == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "0"),
        ("limit", "201"),
        ("limit", "many"),
        ("offset", "-1"),
        ("offset", "99999999999999999999"),
        ("state", "sleeping"),
        ("query", "x" * 201),
    ],
)
def test_a_parameter_that_does_not_fit_is_named(client: TestClient, name: str, value: str) -> None:
    response = client.get(API, params={name: value})

    assert code_of(response) == (422, "invalid_parameter")
    assert f"'{name}'" in response.json()["error"]["message"]


def test_a_rename_is_seen_and_its_name_cleaned(client: TestClient) -> None:
    path = send(client)
    answer = client.patch(path, json={"name": " 周会\n2026/11 "}).json()

    assert answer["name"] == "周会 2026/11"
    assert client.get(path).json()["name"] == "周会 2026/11"


@pytest.mark.parametrize("body", [b'{"name": "\\n "}', b'{"name": 5}', b"{}", b"{", b""])
def test_a_rename_without_a_name_changes_nothing(client: TestClient, body: bytes) -> None:
    path = send(client)
    response = client.patch(path, content=body, headers={"content-type": "application/json"})

    assert code_of(response) == (422, "invalid_parameter")
    assert client.get(path).json()["name"] == "a.wav"


def test_a_rename_may_not_be_a_flood(client: TestClient) -> None:
    path = send(client)
    flood = b'{"name": "' + b"x" * 70_000
    pieces = (flood[start : start + 1000] for start in range(0, len(flood), 1000))

    assert code_of(client.patch(path, json={"name": "x" * 70_000})) == (413, "request_too_large")
    assert code_of(client.patch(path, content=pieces)) == (413, "request_too_large")


def test_a_deleted_transcription_is_hidden_and_its_files_stay(client: TestClient, settings: Settings) -> None:
    path = send(client)
    response = client.delete(path)

    assert (response.status_code, response.content) == (204, b"")
    assert code_of(client.get(path)) == (404, "transcription_not_found")
    assert code_of(client.delete(path)) == (404, "transcription_not_found")
    assert client.get(API).json()["total"] == 0
    assert len(list((settings.data_dir / "transcriptions").iterdir())) == 1


def test_a_waiting_job_can_be_cancelled_once_and_retried(client: TestClient) -> None:
    path = send(client)

    assert code_of(client.post(path + "/retry")) == (409, "not_retriable")
    assert client.post(path + "/cancel").json()["state"] == "cancelled"
    assert code_of(client.post(path + "/cancel")) == (409, "not_cancellable")
    assert client.post(path + "/retry").json()["state"] == "queued"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *[("GET", part) for part in ("", "/audio", "/peaks", "/export", "/log", "/events")],
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/cancel"),
        ("POST", "/retry"),
    ],
)
def test_what_does_not_exist_is_not_found_at_any_address(client: TestClient, method: str, path: str) -> None:
    body = {"json": {"name": "new"}} if method == "PATCH" else {}

    assert code_of(client.request(method, UNKNOWN + path, **body)) == (404, "transcription_not_found")


@pytest.mark.parametrize("id", ["..%2f..%2fapp.db", "%00", "会议", "a" * 5000])
def test_an_id_is_never_a_path(client: TestClient, id: str) -> None:
    assert client.get(f"{API}/{id}").status_code == 404
    assert client.get(f"{API}/{id}/audio").status_code == 404
