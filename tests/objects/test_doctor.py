"""The doctor and the probes say whether the store can be used, why not, and what to do; `move-files` fills it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.cli.move_files import move_files
from app.composition import subject_of
from app.domain.errors.backup import RecordingsInStore
from app.domain.errors.setup import NoObjectStore
from app.domain.options import TranscriptionOptions
from app.engine import EngineSpec
from app.files_composition import open_uploads
from app.main import create_app
from app.services.batches.batches import Batches
from app.services.batches.uploads import BatchUploads
from app.services.transcriptions.job_queue import Queue
from app.settings import Settings
from app.store.database import open_database
from app.store.files.recordings import Files
from app.store.files.upload_chunks import UploadFiles
from app.store.objects.bucket import Bucket
from app.store.objects.recordings import StoredFiles
from app.support.backup import Places, back_up
from app.support.doctor.check import Check, Status
from app.support.doctor.object_store import object_store
from tests.conftest import data_folder
from tests.s3_server import Line


@pytest.fixture(name="settings")
def _settings(tmp_path: Path, empty: Path, url: str) -> Settings:
    return Settings(data_dir=data_folder(tmp_path / "data", empty), log_dir=tmp_path / "logs", files_url=url)


@pytest.fixture(name="client")
def _client(settings: Settings) -> Iterator[TestClient]:
    with TestClient(
        create_app(settings, start_worker=False), base_url="http://127.0.0.1", headers={"accept-language": "en"}
    ) as client:
        yield client


def looked(settings: Settings) -> list[Check]:
    return list(object_store(subject_of(settings, EngineSpec(settings.data_dir))))


def test_a_store_that_works_is_said_to(settings: Settings, bucket: Bucket) -> None:
    [check] = looked(settings)

    assert check.status in (Status.OK, Status.WARNING)  # a warning where it took long
    assert settings.files_url in check.explained()["fact"]
    assert list(bucket.below("")) == []


def test_a_folder_needs_no_check_of_a_store(settings: Settings) -> None:
    assert looked(settings.model_copy(update={"files_url": ""})) == []


def test_a_store_that_does_not_answer_is_a_failure_with_a_remedy(settings: Settings, line: Line) -> None:
    line.cut()

    [check] = looked(settings)

    told = check.explained()
    assert (check.status, "does not answer" in told["fact"]) == (Status.FAILURE, True)
    assert "AWS_ENDPOINT_URL" in told["advice"]


def test_a_missing_bucket_is_a_failure_with_a_remedy(settings: Settings, line: Line) -> None:
    [check] = looked(settings.model_copy(update={"files_url": "s3://nobody-made-it"}))

    assert check.status is Status.FAILURE
    assert "FUNASR_FILES_URL" in check.explained()["advice"]


def test_readiness_includes_the_store(client: TestClient, line: Line) -> None:
    well = client.get("/ready").json()["parts"]
    line.cut()
    answer = client.get("/ready")
    line.mend()

    assert [part["is_ready"] for part in well if part["name"] == "object_store"] == [True]
    assert answer.status_code == 503
    [part] = [part for part in answer.json()["parts"] if part["name"] == "object_store"]
    assert "does not answer" in part["reason"]


def test_an_upload_without_the_store_is_answered_with_what_to_do(client: TestClient, line: Line) -> None:
    line.cut()

    answer = client.post("/api/v1/transcriptions", files={"file": ("a.wav", b"RIFF")})

    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "store_unreachable"
    assert "Try again" in answer.json()["error"]["advice"]


def test_what_a_folder_held_is_moved_to_the_store(
    settings: Settings, bucket: Bucket, capsys: pytest.CaptureFixture[str]
) -> None:
    database = open_database(settings.data_dir)
    queue, folder = Queue(database, Files(settings.data_dir)), UploadFiles(settings.data_dir)
    with queue.receive("talk.wav", 1000) as file:
        file.write(b"a recording of the folder")
        job = queue.submit(file, TranscriptionOptions(), "web")
    batch = Batches(queue, folder).create("Calls", TranscriptionOptions(), None).id
    uploads = BatchUploads(queue, folder, lambda: 1000)
    half = uploads.announce(batch, "call.wav", 10)
    with uploads.slice(half.id, 0) as begun:
        begun.write(b"01234")
    [left] = [check for check in looked(settings) if check.id == "recordings_left"]

    assert move_files(settings) == 0
    assert "1 recordings are in" in capsys.readouterr().out
    assert move_files(settings) == 0
    assert "0 MB were sent" in capsys.readouterr().out

    moved = Queue(database, StoredFiles(settings.data_dir, bucket, 1 << 30))
    assert moved.source_path(job.id).read_bytes() == b"a recording of the folder"
    goes_on = BatchUploads(moved, open_uploads(settings), lambda: 1000)
    assert goes_on.offset(half.id).offset == 5
    assert "move-files" in left.explained()["advice"]
    database.close()


def test_without_a_store_nothing_is_moved(settings: Settings) -> None:
    with pytest.raises(NoObjectStore):
        move_files(settings.model_copy(update={"files_url": ""}))


def test_a_backup_does_not_pretend_to_hold_the_recordings_of_the_store(settings: Settings, tmp_path: Path) -> None:
    places = Places(settings.data_dir, tmp_path, files_url=settings.files_url)

    with pytest.raises(RecordingsInStore, match=settings.files_url):
        back_up(places, tmp_path / "b.zip", recordings=True)

    assert "data/app.db" in {kept.name for kept in back_up(places, tmp_path / "b.zip", recordings=False).files}
