import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.engine import EngineSpec
from app.formats import FORMATS
from app.logging import close_logging, setup_logging
from app.main import create_app
from app.settings import Settings
from tests.engine.sounds import babble, silence, wav_bytes
from tests.waiting import wait_until
from tests.web.conftest import API, Server

SOUND = wav_bytes((babble(1.5) * 32_767).astype("int16"))


@pytest.fixture(name="worker_client", scope="module")
def _worker_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """The application with a worker and an engine that echoes."""
    folder = tmp_path_factory.mktemp("worker")
    settings = Settings(data_dir=folder / "data", log_dir=folder / "logs")
    spec = EngineSpec(model_dir=folder, factory="tests.fakes:EchoEngine")
    setup_logging(settings.log_dir)
    with TestClient(
        create_app(settings, spec=spec), base_url="http://127.0.0.1", headers={"accept-language": "en"}
    ) as client:
        yield client
    close_logging()


@pytest.fixture(name="done", scope="module")
def _done(worker_client: TestClient) -> str:
    """The path of a transcription that has succeeded."""
    return transcribe(worker_client, SOUND)


def transcribe(client: TestClient, sound: bytes, **form: str) -> str:
    files = {"file": ('周会 "一"/1.mp3', sound)}  # a WAV whatever its name says
    path = str(client.post(API, files=files, data=form).headers["location"])
    wait_until(lambda: client.get(path).json()["state"] not in {"queued", "running"})
    return path


def test_a_finished_transcription_has_text_segments_and_a_receipt(worker_client: TestClient, done: str) -> None:
    job = worker_client.get(done).json()

    assert (job["state"], job["error"], job["model"], job["device"]) == ("succeeded", None, "echo", "cpu")
    assert (job["text"], job["text_raw"], job["language"]) == ("Level 2.", "level 2", "en")
    assert job["duration"] == pytest.approx(1.5)
    assert job["progress"]["percent"] == 100
    assert job["progress"]["stage"] == "finished"
    [segment] = job["segments"]
    assert (segment["state"], segment["text"], segment["confidence"]) == ("done", "Level 2.", 0.9)
    assert 0 <= segment["start"] < segment["end"] <= 1.5
    assert job["confidence"] == 0.9
    assert {"device", "language"} <= {line["name"] for line in job["receipt"]}


def test_every_word_has_its_times_unless_they_are_not_wanted(worker_client: TestClient, done: str) -> None:
    [segment] = worker_client.get(done).json()["segments"]
    first, second = segment["words"]

    assert (first["text"], first["raw"], first["confidence"]) == ("Level", "level", 0.9)
    assert (second["text"], second["raw"]) == ("2.", "2")
    assert first["start"] == segment["start"]
    assert first["end"] == second["start"]
    assert second["end"] == pytest.approx(segment["end"], abs=0.002)
    [segment] = worker_client.get(f"{done}?words=false").json()["segments"]
    assert (segment["text"], segment["words"]) == ("Level 2.", [])


def test_the_recording_comes_back_as_what_it_is(worker_client: TestClient, done: str) -> None:
    response = worker_client.get(f"{done}/audio")

    assert response.content == SOUND
    assert response.headers["content-type"] == "audio/wav"
    assert response.headers["accept-ranges"] == "bytes"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["content-disposition"].startswith("inline; ")
    assert "filename*=UTF-8''1.mp3" in response.headers["content-disposition"]


def test_the_recording_can_be_downloaded_under_its_name(worker_client: TestClient, done: str) -> None:
    worker_client.patch(done, json={"name": "会议 (1).MP3"})
    header = worker_client.get(f"{done}/audio?download=true").headers["content-disposition"]

    assert header.startswith("attachment; ")
    assert header.endswith("filename*=UTF-8''%E4%BC%9A%E8%AE%AE%20%281%29.MP3")


@pytest.mark.parametrize(
    ("asked", "given", "part"),
    [
        ("bytes=0-99", f"bytes 0-99/{len(SOUND)}", SOUND[:100]),
        ("bytes=100-", f"bytes 100-{len(SOUND) - 1}/{len(SOUND)}", SOUND[100:]),
        ("bytes=-50", f"bytes {len(SOUND) - 50}-{len(SOUND) - 1}/{len(SOUND)}", SOUND[-50:]),
        (f"bytes=40-{10**9}", f"bytes 40-{len(SOUND) - 1}/{len(SOUND)}", SOUND[40:]),
    ],
)
def test_a_part_of_the_recording_can_be_asked_for(
    worker_client: TestClient, done: str, asked: str, given: str, part: bytes
) -> None:
    response = worker_client.get(f"{done}/audio", headers={"range": asked})

    assert (response.status_code, response.headers["content-range"]) == (206, given)
    assert response.content == part


@pytest.mark.parametrize("asked", ["bytes=5-1", "chunks=1-2", "bytes=0-1,5-6"])
def test_a_range_that_makes_no_sense_gets_the_whole(worker_client: TestClient, done: str, asked: str) -> None:
    response = worker_client.get(f"{done}/audio", headers={"range": asked})

    assert (response.status_code, response.content) == (200, SOUND)


def test_a_range_behind_the_end_is_refused_with_the_size(worker_client: TestClient, done: str) -> None:
    response = worker_client.get(f"{done}/audio", headers={"range": f"bytes={len(SOUND)}-"})

    assert (response.status_code, response.json()["error"]["code"]) == (416, "range_not_satisfiable")
    assert response.headers["content-range"] == f"bytes */{len(SOUND)}"


def test_a_part_of_a_recording_that_changed_is_sent_whole(worker_client: TestClient, done: str) -> None:
    headers = {"range": "bytes=0-9", "if-range": '"another"'}

    assert worker_client.get(f"{done}/audio", headers=headers).status_code == 200


def test_the_head_of_the_recording_tells_its_size(worker_client: TestClient, done: str) -> None:
    response = worker_client.head(f"{done}/audio")

    assert (response.headers["content-length"], response.content) == (str(len(SOUND)), b"")


def test_the_picture_of_the_sound_is_pairs(worker_client: TestClient, done: str) -> None:
    peaks = worker_client.get(f"{done}/peaks").json()["peaks"]

    assert peaks
    assert all(-127 <= low <= high <= 127 for low, high in peaks)


@pytest.mark.parametrize(
    ("format", "media_type", "words"),
    [
        ("txt", "text/plain; charset=utf-8", "Level 2."),
        ("srt", "application/x-subrip; charset=utf-8", " --> "),
        ("vtt", "text/vtt; charset=utf-8", "WEBVTT"),
        ("json", "application/json", '"text_raw"'),
        ("csv", "text/csv; charset=utf-8", "Level 2."),
    ],
)
def test_a_transcript_is_exported_under_the_name_of_its_recording(
    worker_client: TestClient, done: str, format: str, media_type: str, words: str
) -> None:
    worker_client.patch(done, json={"name": "会议.MP3"})
    response = worker_client.get(f"{done}/export", params={"format": format})

    assert response.headers["content-type"] == media_type
    assert response.headers["content-disposition"].endswith(f"UTF-8''%E4%BC%9A%E8%AE%AE.{format}")
    assert words in response.content.decode()


def test_the_exported_json_has_the_names_of_the_api(worker_client: TestClient, done: str) -> None:
    exported = json.loads(worker_client.get(f"{done}/export?format=json").content)
    job = worker_client.get(done).json()

    for name in ("text", "text_raw", "language", "duration", "model", "device"):
        assert exported[name] == job[name]
    assert exported["segments"][0]["text"] == job["segments"][0]["text"]


def test_an_unknown_format_names_those_that_are_known(worker_client: TestClient, done: str) -> None:
    error = worker_client.get(f"{done}/export?format=pdf").json()["error"]

    assert error["code"] == "unknown_format"
    assert ", ".join(FORMATS) in error["advice"]


def test_the_log_of_a_job_tells_its_steps_and_not_its_text(worker_client: TestClient, done: str) -> None:
    response = worker_client.get(f"{done}/log")

    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    steps = ["job_submitted", "job_started", "job_prepared", "segment_finished", "job_succeeded"]
    lines = response.text.splitlines()
    assert [step for line in lines for step in steps if f" {step} " in line] == steps
    assert all(f"job={done.rpartition('/')[2]}" in line for line in lines)
    assert "level 2" not in response.text.lower()


def test_a_file_that_is_no_recording_ends_as_the_problem_of_its_job(worker_client: TestClient) -> None:
    path = transcribe(worker_client, b"<html>no sound at all</html>" * 100)
    job = worker_client.get(path).json()

    assert (job["state"], job["error"]["code"]) == ("failed", "not_audio")
    assert job["error"]["advice"]
    assert worker_client.get(f"{path}/audio").headers["content-type"] == "application/octet-stream"
    assert worker_client.get(f"{path}/export").json()["error"]["code"] == "not_finished"
    assert "Traceback" in worker_client.get(f"{path}/log").text


def test_silence_has_no_text_and_says_so(worker_client: TestClient) -> None:
    path = transcribe(worker_client, wav_bytes(silence(2).astype("int16")))
    job = worker_client.get(path).json()

    assert (job["state"], job["text"], job["segments"], job["language"]) == ("succeeded", "", [], "none")
    assert worker_client.get(f"{path}/export").content.decode().strip() == ""


def test_the_stream_of_a_finished_job_is_its_last_state(worker_client: TestClient, done: str) -> None:
    text = worker_client.get(f"{done}/events").text

    assert text.count("event: transcription") == 1
    assert '"state":"succeeded"' in text


def test_the_system_tells_what_runs(worker_client: TestClient, done: str) -> None:
    system = worker_client.get("/api/v1/system").json()

    assert system["model"]["state"] in {"ready", "busy"}
    assert (system["model"]["name"], system["model"]["device"]) == ("echo", "cpu")
    assert {"python", "fastapi", "sqlalchemy", "av"} <= set(system["versions"])
    assert system["queue"]["succeeded"] >= 1
    assert system["limits"] == {"max_upload_mb": 2048, "max_duration_hours": 24.0}
    assert system["languages"][:6] == ["auto", "zh", "en", "yue", "ja", "ko"]
    assert system["formats"] == list(FORMATS)
    assert system["disk_free_bytes"] > 0
    assert worker_client.get("/api/v1/health").json()["status"] == "ok"


def test_the_model_is_unloaded_and_loads_when_it_is_needed(worker_client: TestClient, done: str) -> None:
    unloaded = worker_client.post("/api/v1/system/model/unload").json()
    transcribe(worker_client, SOUND)
    again = worker_client.get("/api/v1/system").json()["model"]

    assert (unloaded["state"], unloaded["memory_bytes"]) == ("stopped", None)
    assert again["state"] in {"ready", "busy"}
    worker_client.post("/api/v1/system/model/unload")
    assert worker_client.post("/api/v1/system/model/load").json()["state"] in {"stopped", "loading", "ready"}
    wait_until(lambda: worker_client.get("/api/v1/system").json()["model"]["state"] == "ready")


# Without a worker


def test_what_has_not_been_read_has_no_picture_and_no_text(client: TestClient) -> None:
    path = client.post(API, files={"file": SOUND}).headers["location"]

    assert client.get(f"{path}/peaks").json()["error"]["code"] == "not_finished"
    response = client.get(f"{path}/export")
    assert (response.status_code, response.json()["error"]["code"]) == (409, "not_finished")
    assert "queued" in response.json()["error"]["message"]


def test_a_recording_that_somebody_removed_is_gone(client: TestClient, settings: Settings) -> None:
    path = client.post(API, files={"file": ("a.wav", SOUND)}).headers["location"]
    folder = settings.data_dir / "transcriptions" / path.rpartition("/")[2]
    for file in folder.glob("source*"):
        file.unlink()

    response = client.get(f"{path}/audio")
    assert (response.status_code, response.json()["error"]["code"]) == (410, "audio_gone")


def test_a_server_without_a_worker_says_that_its_model_is_elsewhere(client: TestClient) -> None:
    response = client.post("/api/v1/system/model/load")

    assert (response.status_code, response.json()["error"]["code"]) == (503, "inference_unavailable")
    assert client.get("/api/v1/health").json() == {"status": "ok", "model": "stopped"}


# When something is wrong


def test_a_model_that_cannot_be_loaded_makes_the_server_unwell(settings: Settings, tmp_path: Path) -> None:
    spec = EngineSpec(model_dir=tmp_path, factory="tests.fakes:refuse")
    with TestClient(create_app(settings, spec=spec), base_url="http://127.0.0.1") as client:
        client.headers["accept-language"] = "en"
        wait_until(lambda: client.get("/api/v1/health").status_code == 503)
        error = client.get("/api/v1/health").json()["error"]

        assert error["code"] == "inference_unavailable"
        assert "train.yaml" in error["message"]
        assert client.get("/api/v1/system").json()["model"]["problem"]["code"] == "model_file_missing"
        assert client.get("/").status_code == 200


@pytest.mark.sqlite("damages the file")
def test_a_database_that_is_damaged_makes_the_server_unwell(start_server: Callable[..., Server]) -> None:
    server = start_server()
    with server.client() as client:
        assert client.get("/api/v1/health").status_code == 200
        damage(server.data_dir / "app.db")
        response = client.get("/api/v1/health")

    assert (response.status_code, response.json()["error"]["code"]) == (503, "database_damaged")


def damage(database: Path) -> None:
    """Overwrite every page in place, after a change that makes readers look at the file again."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE change (id INTEGER)")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with database.open("r+b") as file:
        file.write(b"no database " * (database.stat().st_size // 12))
