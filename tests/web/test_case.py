"""The support case over REST: previewed before anything leaves, then downloaded as one zip."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.settings import Settings
from tests.databases import in_database
from tests.web.test_transcriptions import UNKNOWN, code_of, send


def test_the_case_comes_as_a_zip_and_leaves_nothing_behind(client: TestClient, settings: Settings) -> None:
    path = send(client, "alice@example.com.wav")
    before = set(settings.data_dir.rglob("*"))
    answer = client.get(f"{path}/case")

    assert answer.headers["content-type"] == "application/zip"
    assert "case-" in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert "manifest.json" in archive.namelist()
        assert not any(name.startswith("audio/") for name in archive.namelist())
        assert all(b"example.com" not in archive.read(name) for name in archive.namelist())
    assert set(settings.data_dir.rglob("*")) == before


def test_the_preview_shows_what_would_leave_in_the_readers_language(client: TestClient) -> None:
    path = send(client, "alice@example.com.wav")
    preview = client.get(f"{path}/case/preview", headers={"accept-language": "zh"}).json()
    files = {file["name"]: file for file in preview["files"]}

    assert {"manifest.json", "log/app.log", "repro.zh.md", "settings.json", "doctor.json"} <= set(files)
    assert "example.com" not in str(files)
    assert files["job.json"]["what"] != "What was asked for, and how the job stands"
    assert {each["rule"] for each in preview["redactions"]} >= {"name"}


def test_more_sound_goes_in_only_where_it_is_asked_for(client: TestClient, talk: bytes) -> None:
    path = send(client, "talk.wav", talk)
    whole = client.get(f"{path}/case", params={"audio": "whole", "keep_names": True})

    with zipfile.ZipFile(io.BytesIO(whole.content)) as archive:
        assert "audio/whole.flac" in archive.namelist()
        assert b"talk.wav" in archive.read("job.json")


@pytest.mark.parametrize("part", ["/case", "/case/preview"])
def test_what_does_not_exist_has_no_case(client: TestClient, part: str) -> None:
    assert code_of(client.get(UNKNOWN + part)) == (404, "transcription_not_found")


def test_a_choice_that_there_is_not_is_named(client: TestClient) -> None:
    assert code_of(client.get(send(client) + "/case", params={"audio": "all"})) == (422, "invalid_parameter")


@pytest.fixture(name="talk")
def _talk() -> bytes:
    from tests.services.conftest import talk

    return talk(0.2)


def test_a_case_takes_the_doctors_newest_report_or_a_quick_one(client: TestClient) -> None:
    job = send(client)
    quick = report_in(client.get(job + "/case").content)
    client.get("/api/v1/doctor/checks")
    whole = report_in(client.get(job + "/case").content)

    assert (quick["is_quick"], whole["is_quick"]) == (True, False)
    assert "recognition" in {check["id"] for check in whole["checks"]} - {check["id"] for check in quick["checks"]}
    assert report_in(client.get(job + "/case").content) == whole


def report_in(case: bytes) -> dict[str, Any]:
    with zipfile.ZipFile(io.BytesIO(case)) as archive:
        report: dict[str, Any] = json.loads(archive.read("doctor.json"))
    return report


def test_findings_are_in_the_readers_language_on_the_page_and_over_rest(client: TestClient, settings: Settings) -> None:
    path = send(client)
    id = path.rpartition("/")[2]
    told = '{"sample_rate": 8000, "channel_levels": [], "sound": [{"loud_db": -20, "floor_db": -60, "clipped_share": 0,'
    told += ' "band_drop_db": 80, "tones_share": 0}]}'
    in_database(settings.data_dir, "UPDATE transcriptions SET recording = :told WHERE id = :id", told=told, id=id)
    [finding] = client.get(f"{path}/findings", headers={"accept-language": "zh"}).json()["findings"]

    assert finding["id"] == "telephone"
    assert finding["evidence"] == {"sample_rate": 8000.0, "band_drop_db": 80.0}
    assert finding["remedy"] is None
    assert finding["fact"] in client.get(f"/transcriptions/{id}", headers={"accept-language": "zh"}).text
