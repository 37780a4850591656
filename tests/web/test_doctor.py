"""The doctor over REST, and what the server reports about its health unasked."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.engine import EngineSpec
from app.main import create_app
from app.settings import Settings
from app.support.doctor import Subject
from app.support.doctor.examination import Doctor
from app.support.health import Health
from tests.waiting import wait_until

ADDRESS = "/api/v1/doctor"


def test_the_report_has_every_side_of_the_server_in_the_readers_language(client: TestClient) -> None:
    answer = client.get(f"{ADDRESS}/checks", headers={"accept-language": "zh"}).json()

    checks = {check["id"]: check for check in answer["checks"]}
    assert {"python", "torch_pair", "temp_folder", "database", "device", "recognition"} <= checks.keys()
    assert "可写" in checks["data_folder"]["fact"]
    assert "port" in checks


def test_a_trial_upload_arrives_and_nothing_of_it_is_kept(client: TestClient, settings: Settings) -> None:
    before = sorted(settings.data_dir.rglob("*"))

    answer = client.post(f"{ADDRESS}/upload", content=b"x" * 500_000)

    assert answer.json() == {"size_bytes": 500_000}
    assert sorted(settings.data_dir.rglob("*")) == before


def test_a_trial_upload_over_the_limit_is_refused_as_a_recording_would_be(client: TestClient) -> None:
    answer = client.post(f"{ADDRESS}/upload", content=b"x" * 1_100_000)

    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "upload_too_large"


def test_the_echo_says_back_what_is_said(client: TestClient) -> None:
    with client.websocket_connect(f"ws://127.0.0.1{ADDRESS}/echo") as socket:
        socket.send_text("到了吗？")

        assert socket.receive_text() == "到了吗？"


def test_the_ticks_come_one_by_one(client: TestClient) -> None:
    text = client.get(f"{ADDRESS}/ticks").text

    assert [line for line in text.splitlines() if line.startswith("data:")] == [f"data: {n}" for n in range(4)]


def test_every_page_says_that_temporary_files_cannot_be_written(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "full").write_text("no folder")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "full"))  # what Python chose when it was one
    with TestClient(create_app(settings, start_worker=False), base_url="http://127.0.0.1") as client:
        wait_until(lambda: 'data-health="temp_folder"' in client.get("/history").text)

        page = client.get("/", headers={"accept-language": "zh"}).text

    assert "不可写" in page
    assert 'href="/doctor"' in page


def test_a_healthy_server_says_nothing(client: TestClient) -> None:
    client.app_state["services"].health.refresh()

    assert "data-health" not in client.get("/").text


def test_a_complaint_is_logged_once_and_its_end_too(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    health = Health(Doctor(lambda: Subject(EngineSpec(tmp_path), tmp_path / "data", tmp_path / "logs")))
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "file"))

    with caplog.at_level("INFO", "app"):
        health.refresh()
        health.refresh()
        monkeypatch.undo()
        health.refresh()

    events = [
        record.message for record in caplog.records if getattr(record, "fields", {}).get("check") == "temp_folder"
    ]
    assert events == ["health_complaint", "health_restored"]
    assert "temp_folder" not in {check.id for check in health.complaints}


@pytest.mark.sqlite("damages the file")
def test_a_damaged_database_is_a_complaint_from_the_start(tmp_path: Path) -> None:
    (tmp_path / "app.db").write_bytes(b"no database at all" * 1000)
    health = Health(Doctor(lambda: Subject(EngineSpec(tmp_path), tmp_path, tmp_path / "logs")))

    health.refresh()

    assert "database" in {check.id for check in health.complaints}


def test_every_page_says_that_the_device_asked_for_is_absent(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", log_dir=tmp_path / "logs", device="cuda:97")
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        wait_until(lambda: 'data-health="model"' in client.get("/history").text)

        page = client.get("/", headers={"accept-language": "en"}).text

    assert "cuda:97" in page
    assert "auto" in page
