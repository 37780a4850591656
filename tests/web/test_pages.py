"""The pages as sent by the server, before any script runs."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

API = "/api/v1/transcriptions"


def submit(client: TestClient, name: str = "会议 (1).MP3") -> str:
    return str(client.post(API, files={"file": (name, b"RIFF....")}).json()["id"])


def test_the_first_page_lists_what_waits_and_says_how_the_model_is(client: TestClient) -> None:
    id = submit(client)

    page = client.get("/").text

    assert f'href="/transcriptions/{id}"' in page
    assert "会议 (1).MP3" in page
    assert "Model not loaded" in page


def test_a_transcription_has_a_page_of_its_own(client: TestClient) -> None:
    page = client.get(f"/transcriptions/{submit(client)}").text

    assert '<h1 data-field="name">会议 (1).MP3</h1>' in page
    assert "No text yet." in page


def test_an_unknown_transcription_is_a_page_with_code_and_advice(client: TestClient) -> None:
    answer = client.get("/transcriptions/none")

    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "transcription_not_found" in answer.text


def test_the_history_searches_and_keeps_what_was_asked(client: TestClient) -> None:
    submit(client, "first.wav")
    submit(client, "second.wav")

    page = client.get("/history?query=second&state=queued").text

    assert "second.wav" in page
    assert "first.wav" not in page
    assert 'value="second"' in page


def test_a_history_page_beyond_the_last_is_empty_and_no_error(client: TestClient) -> None:
    assert client.get("/history?before=1").status_code == 200


@pytest.mark.parametrize(
    "query",
    ["state=nonsense", "before=x", "since=2026-13-40", "since=2026-11-01&zone=Nowhere", "query=" + "x" * 201],
)
def test_a_question_that_makes_no_sense_is_told_in_a_page(client: TestClient, query: str) -> None:
    answer = client.get(f"/history?{query}")

    assert answer.status_code == 422
    assert "invalid_parameter" in answer.text


def test_names_are_text_and_never_markup(client: TestClient) -> None:
    id = submit(client, "<img src=x onerror=alert(1)>.wav")

    for path in ("/", "/history", f"/transcriptions/{id}"):
        assert "<img" not in client.get(path).text


def test_the_language_is_chosen_by_the_browser_and_by_hand(client: TestClient) -> None:
    assert '<html lang="zh-CN"' in client.get("/", headers={"accept-language": "zh-TW,zh;q=0.9"}).text
    assert '<html lang="en"' in client.get("/").text

    client.post("/preferences", data={"language": "zh"})

    assert '<html lang="zh-CN"' in client.get("/").text


def test_the_theme_is_remembered_and_rendered(client: TestClient) -> None:
    client.post("/preferences", data={"theme": "dark"})

    assert 'data-theme="dark"' in client.get("/").text


@pytest.mark.parametrize(
    ("back", "expected"),
    [
        ("/history?query=a&page=2", "/history?query=a&page=2"),
        ("https://example.org/", "/"),
        ("//example.org/", "/"),
        ("/\\example.org/", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
def test_a_preference_leads_back_to_a_page_of_this_server_only(client: TestClient, back: str, expected: str) -> None:
    answer = client.post("/preferences", data={"theme": "light", "back": back}, follow_redirects=False)

    assert answer.status_code == 303
    assert answer.headers["location"] == expected


def test_no_page_holds_scripts_or_styles_that_the_security_policy_forbids(client: TestClient) -> None:
    id = submit(client)
    for path in ("/", "/history", f"/transcriptions/{id}", "/docs", "/none"):
        page = client.get(path).text

        assert " style=" not in page
        assert " onclick=" not in page
        assert page.count("<script") == page.count('<script type="module" src=') + page.count(
            '<script type="application/json"'
        )
