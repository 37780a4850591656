"""The journal over REST: stored, returned as steps, deleted; unknown shapes are refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.settings import Settings
from tests.refusing import REFUSALS, refuse_writing

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


@pytest.mark.parametrize(
    "browser",
    [
        '{"a": ' + "[" * 900 + "]" * 900 + "}",
        '{"a": ' + "[" * 9_000 + "]" * 9_000 + "}",
        '{"a": "' + "x" * 20_000 + '"}',
    ],
)
def test_a_browser_cannot_spoil_its_journal(client: TestClient, browser: str) -> None:
    client.post(ADDRESS, json=told())
    body = f'{{"browser": {browser}, "entries": []}}'
    answer = client.post(ADDRESS, content=body, headers={"content-type": "application/json"})

    assert answer.status_code in (400, 422)
    assert len(client.get(ADDRESS).json()["entries"]) == 1


@pytest.mark.parametrize("text", ["\\ud800", "\\u2028", "\\u0000", "\\u0085"])
def test_every_code_point_can_be_told_and_read_back(client: TestClient, text: str) -> None:
    entry = '{"number": 0, "at": "2026", "kind": "press", "control": "a' + text + 'b"}'
    body = f'{{"browser": {{"x{text}": "{text}"}}, "entries": [{entry}]}}'
    client.post(ADDRESS, content=body, headers={"content-type": "application/json"})

    assert client.get(ADDRESS).status_code == 200


@pytest.mark.parametrize("number", [2**63, 10**30, 1e400])
def test_numbers_that_no_browser_counts_to_are_refused(client: TestClient, number: float) -> None:
    body = json.dumps(told(number=number))

    assert client.post(ADDRESS, content=body, headers={"content-type": "application/json"}).status_code == 422


@pytest.mark.parametrize(("number", "status", "code"), REFUSALS)
def test_a_disk_that_takes_nothing_is_named_and_nothing_stays(
    client: TestClient, settings: Settings, monkeypatch: pytest.MonkeyPatch, number: int, status: int, code: str
) -> None:
    refuse_writing(monkeypatch, settings.data_dir / "journal", number)

    answer = client.post(ADDRESS, json=told())

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert not list((settings.data_dir / "journal").glob(".*"))
