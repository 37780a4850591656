"""The journal over REST: kept, read back as steps, forgotten; foreign shapes are refused."""

from __future__ import annotations

from typing import Any

from starlette.testclient import TestClient

ADDRESS = "/api/v1/journal/4f1c9a2b7d3e5f60"


def told(**entry: Any) -> dict[str, Any]:
    first = {
        "number": 0,
        "at": "2026-11-22T18:57:01.123Z",
        "kind": "press",
        "page": "/",
        "control": "开始识别",
    }
    return {"browser": {"user_agent": "Mozilla/5.0"}, "entries": [first | entry]}


def test_what_was_done_is_kept_and_read_back_as_steps(client: TestClient) -> None:
    assert client.post(ADDRESS, json=told()).status_code == 204

    answer = client.get(ADDRESS, headers={"accept-language": "zh"}).json()

    assert answer["steps"] == ["点击“开始识别”。"]
    assert answer["browser"] == {"user_agent": "Mozilla/5.0"}


def test_a_journal_can_be_forgotten(client: TestClient) -> None:
    client.post(ADDRESS, json=told())

    assert client.delete(ADDRESS).status_code == 204

    assert client.get(ADDRESS).json()["entries"] == []


def test_entries_of_another_shape_are_refused(client: TestClient) -> None:
    assert client.post(ADDRESS, json=told(kind="secret")).status_code == 422
    assert client.post(ADDRESS, json=told(value="x" * 501)).status_code == 422
    assert client.post("/api/v1/journal/..%2Fapp", json=told()).status_code in (404, 422)
