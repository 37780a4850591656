"""Hotword lists are stored on the server, under names of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.main import create_app
from app.services import saved_lists
from app.settings import Settings

LISTS = "/api/v1/hotword-lists"
TERMS = {"name": "技术词汇", "words": "转写\nConformer:30"}


@pytest.fixture(name="settings")
def _settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", log_dir=tmp_path / "logs")


def opened(settings: Settings) -> TestClient:
    app = create_app(settings, start_worker=False)
    return TestClient(app, base_url="http://127.0.0.1", headers={"accept-language": "en"})


@pytest.fixture(name="client")
def _client(settings: Settings) -> Iterator[TestClient]:
    with opened(settings) as client:
        yield client


def names(client: TestClient) -> list[str]:
    return [each["name"] for each in client.get(LISTS).json()["lists"]]


def test_a_list_survives_the_server(settings: Settings) -> None:
    with opened(settings) as client:
        created = client.post(LISTS, json=TERMS)
    with opened(settings) as client:
        [kept] = client.get(LISTS).json()["lists"]

    assert created.status_code == 201
    assert kept == created.json()
    assert (kept["name"], kept["words"], kept["count"]) == ("技术词汇", "转写\nConformer:30", 2)


def test_lists_come_in_the_order_of_their_names(client: TestClient) -> None:
    for name in ("b", "c", "a"):
        client.post(LISTS, json=TERMS | {"name": name})

    assert names(client) == ["a", "b", "c"]


def test_a_list_gets_another_name_and_other_words(client: TestClient) -> None:
    kept = client.post(LISTS, json=TERMS).json()

    answer = client.put(f"{LISTS}/{kept['id']}", json={"name": "产品", "words": "小度"})

    assert answer.status_code == 200
    assert client.get(LISTS).json()["lists"] == [answer.json()]
    assert (answer.json()["name"], answer.json()["words"]) == ("产品", "小度")
    assert answer.json()["created_at"] == kept["created_at"]
    assert answer.json()["updated_at"] > kept["updated_at"]


def test_two_lists_never_share_a_name(client: TestClient) -> None:
    client.post(LISTS, json=TERMS)
    other = client.post(LISTS, json=TERMS | {"name": "产品"}).json()

    again = client.post(LISTS, json=TERMS | {"name": "  技术词汇 "})
    renamed = client.put(f"{LISTS}/{other['id']}", json=TERMS)

    assert {again.status_code, renamed.status_code} == {409}
    assert again.json()["error"]["code"] == "hotword_list_exists"
    assert names(client) == ["产品", "技术词汇"]


def test_a_list_is_forgotten(client: TestClient) -> None:
    kept = client.post(LISTS, json=TERMS).json()

    assert client.delete(f"{LISTS}/{kept['id']}").status_code == 204

    assert names(client) == []
    for answer in (
        client.delete(f"{LISTS}/{kept['id']}"),
        client.put(f"{LISTS}/{kept['id']}", json=TERMS),
    ):
        assert answer.json()["error"]["code"] == "hotword_list_not_found"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"words": " \n "}, "words"),
        ({"words": "word:500"}, "hotwords"),
        ({"words": "x" * 200}, "hotwords"),
    ],
)
def test_what_cannot_be_used_is_refused_before_it_is_kept(
    client: TestClient, change: dict[str, Any], field: str
) -> None:
    answer = client.post(LISTS, json=TERMS | change)

    assert answer.status_code == 422
    assert answer.json()["error"]["message"].startswith(f"'{field}'") or field in answer.json()["error"]["message"]
    assert names(client) == []


def test_white_space_that_nobody_sees_is_not_kept(client: TestClient) -> None:
    kept = client.post(LISTS, json={"name": " a  b ", "words": "\r\n 转写 \r\n\r\nNew  York 30\r\n"}).json()

    assert (kept["name"], kept["words"]) == ("a b", "转写\nNew York 30")


def test_the_number_of_lists_is_bounded(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_lists, "MOST_LISTS", 1)
    assert client.post(LISTS, json=TERMS).status_code == 201
    refused = client.post(LISTS, json=TERMS | {"name": "another"})

    assert (refused.status_code, refused.json()["error"]["field"]) == (422, "name")
