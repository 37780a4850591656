"""Settings can be read and changed, state their source, and persist; a damaged file stops nothing."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.engine import EngineSpec
from app.main import create_app
from app.services.settings import SettingsStore
from app.setting_rules import ON_PAGE
from app.settings import Settings
from app.web.answers.setting_wording import GROUPS
from tests.databases import OF_BACKUPS, in_database
from tests.waiting import wait_until

SETTINGS = "/api/v1/settings"


def opened(settings: Settings, **options: Any) -> TestClient:
    return TestClient(create_app(settings, **options), base_url="http://127.0.0.1", headers={"accept-language": "en"})


def item(answer: dict[str, Any], name: str) -> dict[str, Any]:
    return next(item for group in answer["groups"] for item in group["settings"] if item["name"] == name)


def change(client: TestClient, **values: Any) -> dict[str, Any]:
    answer = client.patch(SETTINGS, json={"values": values})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def refusal(client: TestClient, **values: Any) -> dict[str, Any]:
    return dict(client.patch(SETTINGS, json={"values": values}).json()["error"])


def test_every_setting_of_the_page_has_its_words() -> None:
    assert {name for members in GROUPS.values() for name in members} == set(ON_PAGE)


def test_a_setting_tells_its_value_bounds_default_and_variable(client: TestClient) -> None:
    threads = item(client.get(SETTINGS).json(), "threads")

    assert (threads["value"], threads["default"], threads["least"], threads["most"]) == (0, 0, 0, 256)
    assert (threads["origin"], threads["effect"]) == ("default", "reload")
    assert threads["variable"] == "FUNASR_THREADS"


def test_a_change_holds_at_once_and_after_a_restart(client: TestClient, settings: Settings) -> None:
    answer = change(client, vad_mode=3, min_silence_ms=400)

    sent = client.post("/api/v1/transcriptions", files={"file": ("a.wav", b"RIFF", "audio/wav")}).json()
    again = Settings(data_dir=settings.data_dir)

    assert item(answer, "vad_mode")["origin"] == "page"
    assert sent["id"]
    assert (again.vad_mode, again.min_silence_ms) == (3, 400)


def test_the_default_comes_back(client: TestClient, settings: Settings) -> None:
    change(client, vad_mode=3, vad_frame_ms=10)

    answer = change(client, vad_mode=None)

    assert (item(answer, "vad_mode")["value"], item(answer, "vad_mode")["origin"]) == (2, "default")
    assert json.loads((settings.data_dir / "settings.json").read_text()) == {"vad_frame_ms": 10}


def test_the_environment_wins_over_the_page_and_locks_the_setting(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (settings.data_dir / "settings.json").write_text('{"vad_mode": 0}')
    monkeypatch.setenv("FUNASR_VAD_MODE", "1")
    with opened(Settings(data_dir=settings.data_dir, log_dir=settings.log_dir), start_worker=False) as client:
        shown = item(client.get(SETTINGS).json(), "vad_mode")
        error = refusal(client, vad_mode=3)

    assert (shown["value"], shown["origin"], shown["is_locked"]) == (1, "environment", True)
    assert (error["code"], error["field"]) == ("setting_fixed", "vad_mode")


def test_an_option_wins_and_locks_the_setting(settings: Settings) -> None:
    with opened(Settings(data_dir=settings.data_dir, log_dir=settings.log_dir, threads=2)) as client:
        assert item(client.get(SETTINGS).json(), "threads")["origin"] == "option"
        assert refusal(client, threads=1)["code"] == "setting_fixed"


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("threads", 257, "The most is: 256"),
        ("max_segment_ms", 999, "The least is: 1000"),
        ("max_duration_hours", 0, "It must be more than: 0"),
        ("threads", "many", "This is not a number that fits."),
        ("dtype", "int4", "Possible are: "),
        ("device", "tpu", "Possible are: auto"),
    ],
)
def test_a_value_out_of_bounds_is_refused_with_the_reason(
    client: TestClient, name: str, value: Any, reason: str
) -> None:
    error = refusal(client, vad_mode=3, **{name: value})

    assert (error["code"], error["field"]) == ("setting_refused", name)
    assert reason in error["message"]
    assert item(client.get(SETTINGS).json(), "vad_mode")["value"] == 2  # all of them, or none


@pytest.mark.parametrize(("name", "code"), [("colour", "setting_unknown"), ("data_dir", "setting_fixed")])
def test_what_is_no_setting_of_the_page_is_refused(client: TestClient, name: str, code: str) -> None:
    assert refusal(client, **{name: "/tmp"})["code"] == code


@pytest.mark.parametrize("text", ["{", "[1]", '{"vad_mode": 9, "threads": 3}', "\x00\xff"])
def test_a_damaged_file_is_told_and_stops_nothing(settings: Settings, text: str) -> None:
    (settings.data_dir / "settings.json").write_text(text, encoding="latin-1")
    with opened(Settings(data_dir=settings.data_dir, log_dir=settings.log_dir), start_worker=False) as client:
        answer = client.get(SETTINGS).json()
        page = client.get("/settings").text

        assert answer["damage"]
        assert "is damaged" in page
        assert item(answer, "vad_mode")["value"] == 2
        assert change(client, vad_mode=1)["damage"] == ""


def test_a_change_that_waits_for_a_restart_says_so(client: TestClient) -> None:
    assert item(change(client, concurrent_jobs=4), "concurrent_jobs")["waits_for_restart"]
    assert not item(change(client, concurrent_jobs=None), "concurrent_jobs")["waits_for_restart"]


def test_the_limit_of_an_upload_follows_a_change(settings: Settings) -> None:
    free = Settings(data_dir=settings.data_dir, log_dir=settings.log_dir)
    with opened(free, start_worker=False) as client:
        change(client, max_upload_mb=1)

        answer = client.post("/api/v1/transcriptions", files={"file": ("a.wav", bytes(1_100_000))})

        assert answer.json()["error"]["code"] == "upload_too_large"


# With a inference process


@pytest.fixture(name="working")
def _working(settings: Settings, tmp_path: Path) -> Iterator[TestClient]:
    free = Settings(data_dir=settings.data_dir, log_dir=settings.log_dir)
    with opened(free, spec=EngineSpec(tmp_path, factory="tests.fakes:CpuEngine")) as client:
        wait_until(lambda: model_state(client) == "ready")
        yield client


def model_state(client: TestClient) -> str:
    return str(client.get("/api/v1/system").json()["model"]["state"])


def test_a_change_loads_the_model_again_by_itself(working: TestClient, tmp_path: Path) -> None:
    loads = len(list(tmp_path.glob("loaded-*")))

    assert change(working, threads=1)["is_reloading"]
    wait_until(lambda: not working.get(SETTINGS).json()["is_reloading"])

    assert model_state(working) == "ready"
    assert len(list(tmp_path.glob("loaded-*"))) == loads + 1


def test_a_change_that_does_not_load_is_taken_back_with_the_reason(working: TestClient, settings: Settings) -> None:
    change(working, device="cuda")
    wait_until(lambda: working.get(SETTINGS).json()["taken_back"] is not None)

    answer = working.get(SETTINGS).json()
    assert answer["taken_back"]["values"] == {"device": "cuda"}
    assert answer["taken_back"]["problem"]["code"] == "device_unavailable"
    assert item(answer, "device")["value"] == "auto"
    assert Settings(data_dir=settings.data_dir).device == "auto"
    wait_until(lambda: model_state(working) == "ready")


def test_a_processor_has_no_cache_to_clear(working: TestClient) -> None:
    answer = working.post("/api/v1/system/model/clear-cache")

    assert answer.json() == {"device": "cpu", "freed_bytes": 0}


def test_the_room_that_everything_takes_is_told(client: TestClient, settings: Settings) -> None:
    before = client.get(f"{SETTINGS}/storage").json()
    (settings.data_dir / "transcriptions" / "x").mkdir()
    (settings.data_dir / "transcriptions" / "x" / "source.wav").write_bytes(bytes(5000))

    after = client.get(f"{SETTINGS}/storage").json()

    assert after["recordings_bytes"] == before["recordings_bytes"] + 5000
    assert after["database_bytes"] > 0
    assert after["free_bytes"] > 0


def test_samples_kept_for_playing_are_no_recordings_and_silence_takes_no_room(
    client: TestClient, settings: Settings
) -> None:
    before = client.get(f"{SETTINGS}/storage").json()
    (settings.data_dir / "decoded" / "x").mkdir(parents=True)
    with (settings.data_dir / "decoded" / "x" / "audio.s16").open("wb") as samples:
        samples.write(bytes(8192))
        samples.truncate(1 << 24)

    after = client.get(f"{SETTINGS}/storage").json()

    assert after["recordings_bytes"] == before["recordings_bytes"]
    assert after["decoded_bytes"] == 8192


def test_speech_detection_is_counted_apart(client: TestClient, settings: Settings) -> None:
    (settings.data_dir / "vad" / "x").mkdir()
    (settings.data_dir / "vad" / "x" / "audio.s16").write_bytes(bytes(4000))

    assert client.get(f"{SETTINGS}/storage").json()["vad_bytes"] == 4000


def test_devices_are_told_with_their_reasons_in_the_language_of_the_reader(working: TestClient) -> None:
    found = working.get("/api/v1/system/devices", headers={"accept-language": "zh"}).json()["devices"]

    cpu = next(device for device in found if device["name"] == "cpu")
    assert cpu["is_usable"]
    assert cpu["is_in_use"]
    assert cpu["label"].endswith("个核心")
    for device in found:
        assert device["is_usable"] or device["reason"]


def test_the_engine_follows_a_change_that_another_process_makes(
    working: TestClient, settings: Settings, tmp_path: Path
) -> None:
    """A server without a worker has the page, and `python -m app worker` has the engine."""
    loads = len(list(tmp_path.glob("loaded-*")))
    page = SettingsStore(Settings(data_dir=settings.data_dir), Event())

    page.change({"threads": 1})
    wait_until(lambda: len(list(tmp_path.glob("loaded-*"))) == loads + 1)
    page.change({"device": "cuda"})
    wait_until(lambda: page.taken_back is not None)

    assert page.now.device == "auto"
    assert page.now.threads == 1


def test_bounds_are_written_as_whole_numbers_where_they_are(client: TestClient) -> None:
    page = client.get("/settings").text

    assert "1 to 1048576 " in page
    assert "1048576.0" not in page


@pytest.mark.sqlite(OF_BACKUPS)
def test_a_backup_is_taken_away_and_the_last_one_is_known(client: TestClient, settings: Settings) -> None:
    assert client.get("/api/v1/settings/backup").json() == {"made_at": None}

    answer = client.post("/api/v1/settings/backup")

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert {"manifest.json", "data/app.db"} <= set(archive.namelist())
    made_at = client.get("/api/v1/settings/backup").json()["made_at"]
    assert made_at.startswith(str(datetime.now(UTC).year))
    assert made_at[:10] in client.get("/settings").text
    assert list((settings.data_dir / "tmp").iterdir()) == []


@pytest.mark.sqlite(OF_BACKUPS)
def test_a_backup_holds_the_recordings_only_where_they_are_wanted(client: TestClient) -> None:
    client.post("/api/v1/transcriptions", files={"file": ("a.wav", b"some sound")})

    def sources(**form: str) -> list[str]:
        content = client.post("/api/v1/settings/backup", data=form).content
        return [name for name in zipfile.ZipFile(io.BytesIO(content)).namelist() if "source" in name]

    assert sources() == []
    assert len(sources(recordings="true")) == 1


def test_a_retention_tells_before_it_is_stored_how_many_entries_go(client: TestClient, settings: Settings) -> None:
    for _ in range(3):
        client.post("/api/v1/transcriptions", files={"file": ("a.wav", b"some sound")})
    in_database(
        settings.data_dir,
        "UPDATE transcriptions SET state = 'succeeded', finished_at = '2020-01-01 00:00:00.000000', "
        "number = number - 500000000000 WHERE id IN (SELECT id FROM transcriptions LIMIT 2)",
    )

    counts = [client.get(f"/api/v1/settings/retention?days={days}").json()["count"] for days in (0, 30, 36_500)]

    assert counts == [0, 2, 0]
    assert client.get("/api/v1/settings/retention?days=-1").status_code == 422
