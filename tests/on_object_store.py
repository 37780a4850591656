"""Runs existing tests on an object store: `pytest -p tests.on_object_store tests/services/test_queue.py ...`

Every test has a prefix of its own in the bucket of one server. Tests of the data folder itself are marked so, and skipped.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.s3_server import BUCKET, S3Server, environment, serving

COPIES_BYTES = 1 << 30


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if marker := item.get_closest_marker("folder"):
            item.add_marker(pytest.mark.skip(": ".join(["is about the data folder", *marker.args])))


@pytest.fixture(scope="session", autouse=True)
def _store_of_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """For what outlives a test: servers of a module."""
    with serving(tmp_path_factory.mktemp("s3")) as server:
        os.environ |= environment(server.address) | {"FUNASR_FILES_URL": _url()}
        yield server


@pytest.fixture(autouse=True)
def _store_of_one(_store_of_all: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.store.objects.bucket import Bucket
    from app.store.objects.recordings import StoredFiles
    from app.store.objects.uploads import StoredUploads

    url = _url()
    monkeypatch.setenv("FUNASR_FILES_URL", url)

    def files(folder: Path) -> StoredFiles:
        return StoredFiles(folder, Bucket(url), COPIES_BYTES)

    for module in ("tests.services.conftest", "tests.web.test_uploads"):
        monkeypatch.setattr(f"{module}.Files", files)
    for module in ("tests.services.test_batches", "tests.services.test_faults"):
        monkeypatch.setattr(f"{module}.UploadFiles", lambda folder: StoredUploads(folder, Bucket(url)))


def _url() -> str:
    return f"s3://{BUCKET}/{secrets.token_hex(4)}"
