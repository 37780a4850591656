import json

import pytest
from starlette.testclient import TestClient

from app.domain.errors.audio import NotAudio
from app.domain.errors.base import Problem
from app.domain.errors.inference import InferenceUnavailable
from app.domain.errors.setup import DatabaseUnusable
from app.i18n import translator
from app.logging import close_logging, setup_logging
from app.services.inference.process import InferenceStatus
from app.settings import Settings
from app.web.pages import transcriptions
from tests.web.conftest import API


def test_an_unknown_address_of_the_api_answers_json(client: TestClient) -> None:
    response = client.get("/api/v1/nothing")

    assert response.status_code == 404
    assert response.json()["error"] == {
        "code": "not_found",
        "message": "There is nothing at /api/v1/nothing.",
        "advice": "Check the address, or start from the first page.",
        "request_id": response.headers["x-request-id"],
    }


def test_an_unknown_page_answers_a_page(client: TestClient) -> None:
    response = client.get("/nothing<script>")

    assert response.status_code == 404
    assert response.headers["content-type"].startswith("text/html")
    assert "There is nothing at /nothing&lt;script&gt;." in response.text.replace("%3C", "&lt;").replace("%3E", "&gt;")
    assert "<script>." not in response.text


def test_a_wrong_method_is_told_with_those_that_are_allowed(client: TestClient) -> None:
    response = client.put(API)

    assert (response.status_code, response.json()["error"]["code"]) == (405, "method_not_allowed")
    assert response.headers["allow"]


def test_a_body_that_is_no_json_is_told_so(client: TestClient) -> None:
    response = client.patch(f"{API}/x", content='{"name":', headers={"content-type": "application/json"})

    assert response.status_code == 422
    assert response.json()["error"]["message"] == "The value of 'body' does not fit: it is not well-formed JSON"


def test_the_cause_of_an_error_is_told_in_the_language_of_the_reader() -> None:
    cause = NotAudio(detail="its content is in no known format").problem
    stored = InferenceUnavailable(reason=cause.to_dict()).problem.to_dict()

    told = Problem.from_dict(json.loads(json.dumps(stored))).explained(translator("zh"))["message"]

    assert told == "识别进程无法启动：这个文件不是可以读取的录音：内容不是已知的任何格式"


def test_errors_speak_the_language_of_the_reader(client: TestClient) -> None:
    def message(**headers: str) -> str:
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return str(client.get("/api/v1/nothing", headers=headers).json()["error"]["message"])

    assert message(accept_language="en-GB") == "There is nothing at /api/v1/nothing."
    assert message(accept_language="zh-CN,en;q=0.5") != message(accept_language="en")
    assert message(accept_language="en", cookie="language=zh") == message(accept_language="zh")


def test_a_sane_request_id_is_kept_and_another_replaced(client: TestClient) -> None:
    def answered(sent: str) -> str:
        return str(client.get("/api/v1/health", headers={"x-request-id": sent}).headers["x-request-id"])

    assert answered("my-id_1.2") == "my-id_1.2"
    assert answered("two words") != "two words"
    assert answered("x" * 65) != "x" * 65


@pytest.fixture(name="broken")
def _broken(monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down() -> str:
        raise ZeroDivisionError("a mistake of ours")

    monkeypatch.setattr("platform.python_version", break_down)


def test_a_mistake_of_ours_is_logged_with_its_request_and_not_shown(
    client: TestClient, settings: Settings, broken: None
) -> None:
    setup_logging(settings.log_dir)
    response = client.get("/api/v1/system")
    close_logging()

    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (500, "internal_error")
    assert "ours" not in response.text
    lines = (settings.log_dir / "app.log").read_text().splitlines()
    failed = next(index for index, line in enumerate(lines) if "request_failed" in line)
    assert f"request={error['request_id']}" in lines[failed]
    assert "    ZeroDivisionError: a mistake of ours" in lines[failed:]
    assert "status=500" in lines[-1]


def test_what_the_server_cannot_do_now_is_one_line_without_a_traceback(
    client: TestClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = Problem("model_not_found", "There is no model.", "")
    failed = InferenceStatus("failed", problem=problem)
    monkeypatch.setattr(client.app_state["services"].inference, "status", lambda: failed)
    setup_logging(settings.log_dir)
    answer = client.get("/api/v1/health")
    close_logging()

    log = (settings.log_dir / "app.log").read_text()
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "inference_unavailable")
    assert "request_failed code=inference_unavailable" in log
    assert "Traceback" not in log


@pytest.mark.parametrize(
    ("language", "heading", "advice"),
    [("en", "That did not work", "send logs/app.log"), ("zh", "没能打开", "logs/app.log 发给管理员")],
)
def test_a_page_that_fails_says_so_in_the_readers_language(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, language: str, heading: str, advice: str
) -> None:
    def break_down(_state: object) -> list[str]:
        raise ZeroDivisionError("a mistake of ours")

    monkeypatch.setattr(transcriptions, "spoken_languages", break_down)

    answer = client.get("/", headers={"accept-language": language})

    assert (answer.status_code, answer.headers["content-type"]) == (500, "text/html; charset=utf-8")
    assert heading in answer.text
    assert advice in answer.text
    assert answer.headers["x-request-id"] in answer.text
    assert "ZeroDivisionError" not in answer.text


def test_a_search_does_not_reach_the_log(client: TestClient, settings: Settings) -> None:
    setup_logging(settings.log_dir)
    client.get(API, params={"query": "whispered words"})
    client.get(API, params={"query": "whispered words", "limit": "0"})
    close_logging()

    lines = (settings.log_dir / "app.log").read_text().splitlines()
    of_the_server = [line for line in lines if " httpx2 " not in line]  # the client's own lines are in the same log
    assert sum(f"path={API} " in line for line in of_the_server) == 2
    assert not any("whispered" in line for line in of_the_server)


def test_an_error_of_the_server_keeps_its_own_status(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def unusable() -> str:
        raise DatabaseUnusable(file="app.db", reason="it is damaged")

    monkeypatch.setattr("platform.python_version", unusable)

    assert client.get("/api/v1/system").json()["error"]["code"] == "database_unusable"
