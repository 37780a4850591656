"""Several processes, or machines with one PostgreSQL database, import files: each file is copied once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import BinaryIO

import pytest

from app.domain.options import TranscriptionOptions
from app.services.batches import importer
from app.services.batches.batches import Batches
from app.services.batches.importer import BatchImporter
from app.services.batches.server_folder import Recording
from app.services.batches.uploads import BatchUploads
from app.services.transcriptions.job_queue import Queue
from app.store.database import open_database
from app.store.files.recordings import Files
from app.store.files.upload_chunks import UploadFiles
from tests.conftest import data_folder
from tests.services.conftest import talk
from tests.store.conftest import postgres_url
from tests.waiting import wait_until

FILES = 12


@pytest.fixture(name="servers", params=["sqlite", "postgresql"])
def _servers(request: pytest.FixtureRequest, tmp_path: Path, empty: Path) -> Iterator[list[BatchUploads]]:
    """Two processes with one data folder, or two machines with a data folder each and one database."""
    is_on_server = request.param == "postgresql"
    with ExitStack() as stack:
        url = stack.enter_context(postgres_url()) if is_on_server else ""
        folders = [data_folder(tmp_path / name, empty) for name in ("first", "second" if is_on_server else "first")]
        yield [_uploads(stack, folder, url) for folder in folders]


def _uploads(stack: ExitStack, folder: Path, url: str) -> BatchUploads:
    database = stack.enter_context(closing(open_database(folder, url)))
    return BatchUploads(Queue(database, Files(folder)), UploadFiles(folder), lambda: 10**9)


@pytest.fixture(name="root")
def _root(tmp_path: Path) -> Path:
    """The folder of the files, the same for all servers."""
    root = tmp_path / "import"
    root.mkdir()
    for number in range(FILES):
        (root / f"{number}.wav").write_bytes(talk(0.2) + bytes(number))
    return root


@pytest.fixture(name="opened")
def _opened(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each file was opened to be copied."""
    opened: Counter[str] = Counter()

    def open_below(root: Path, path: Path) -> BinaryIO:
        opened[path.name] += 1
        return path.open("rb")

    monkeypatch.setattr(importer, "open_below", open_below)
    return opened


def list_files(server: BatchUploads, root: Path) -> tuple[Batches, str]:
    """Make a batch of all files."""
    batches = Batches(server.queue, server.uploads)
    batch = batches.create("Calls", TranscriptionOptions()).id
    server.add_files(batch, [Recording(path.name, path.stat().st_size, 0, path) for path in root.iterdir()])
    return batches, batch


def states(batches: Batches, batch: str) -> set[str]:
    return {item.state.value for item in batches.every_item(batch)}


def test_two_servers_copy_no_file_twice(servers: list[BatchUploads], root: Path, opened: Counter[str]) -> None:
    batches, batch = list_files(servers[0], root)
    with ExitStack() as stack:
        for server in servers:
            stack.enter_context(BatchImporter(server, root).running())
        wait_until(lambda: "uploading" not in states(batches, batch))

    assert opened == {f"{number}.wav": 1 for number in range(FILES)}
