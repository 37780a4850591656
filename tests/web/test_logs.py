"""The log over REST: filters, following, download; and an error's request id leads to its lines."""

from __future__ import annotations

import httpx2
import pytest
from starlette.testclient import TestClient


def test_the_request_id_of_an_error_leads_to_its_lines(remote: httpx2.Client) -> None:
    refused = remote.get("/api/v1/transcriptions/none")
    id = refused.json()["error"]["request_id"]

    found = remote.get("/api/v1/logs", params={"request_id": id}).json()

    assert {entry["request"] for entry in found["entries"]} == {id}
    assert any("transcription_not_found" in entry["text"] for entry in found["entries"])


def test_what_was_written_since_comes_with_the_next_look(remote: httpx2.Client) -> None:
    place = remote.get("/api/v1/logs").json()["place"]
    remote.get("/api/v1/transcriptions/one-more")

    found = remote.get("/api/v1/logs", params={"after": place}).json()

    assert any("one-more" in entry["text"] for entry in found["entries"])
    later = remote.get("/api/v1/logs", params={"after": found["place"]}).json()
    assert later["entries"] == []


def test_following_the_log_does_not_fill_it(remote: httpx2.Client) -> None:
    for _ in range(3):
        remote.get("/api/v1/logs")

    assert remote.get("/api/v1/logs", params={"text": "path=/api/v1/logs"}).json()["entries"] == []


def test_the_download_is_text_and_keeps_the_filters(remote: httpx2.Client) -> None:
    answer = remote.get("/api/v1/logs/download", params={"level": "WARNING"})

    assert "attachment" in answer.headers["content-disposition"]
    assert all(" INFO " not in line for line in answer.text.splitlines())


def test_a_level_that_does_not_exist_is_refused(client: TestClient) -> None:
    assert client.get("/api/v1/logs", params={"level": "LOUD"}).status_code == 422


@pytest.mark.parametrize(("language", "title"), [("zh", "日志"), ("en", "Log")])
def test_the_page_shows_the_filtered_log_without_scripts(client: TestClient, language: str, title: str) -> None:
    page = client.get("/logs", params={"text": "nothing like this"}, headers={"accept-language": language}).text

    assert f"<h1>{title}</h1>" in page
    assert 'value="nothing like this"' in page
