"""An S3 server for all tests of a process, a prefix of its own for each, and the files of one server in it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.services.transcriptions.job_queue import Queue
from app.store.objects.bucket import Bucket
from app.store.objects.recordings import StoredFiles
from tests.conftest import data_folder
from tests.databases import database_in
from tests.s3_server import BUCKET, SERVER, Line, S3Server, environment, serving

COPIES_BYTES = 1 << 30


@pytest.fixture(scope="session", name="s3")
def _s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    if not SERVER.exists():
        pytest.skip("needs .venv-s3 with moto's server: scripts/test.sh makes it")
    with serving(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(name="line")
def _line(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    """The line over which this process reaches the server."""
    line = Line(s3.port)
    for name, value in environment(line.address).items():
        monkeypatch.setenv(name, value)
    yield line
    line.close()


@pytest.fixture(name="url")
def _url(line: Line) -> str:
    return f"s3://{BUCKET}/{secrets.token_hex(4)}"


@pytest.fixture(name="bucket")
def _bucket(url: str) -> Bucket:
    return Bucket(url)


@pytest.fixture(name="files")
def _files(tmp_path: Path, bucket: Bucket) -> StoredFiles:
    return StoredFiles(tmp_path, bucket, COPIES_BYTES)


@pytest.fixture(name="queue")
def _queue(tmp_path: Path, empty: Path, files: StoredFiles) -> Iterator[Queue]:
    database = database_in(data_folder(tmp_path, empty))
    yield Queue(database, files)
    database.close()
