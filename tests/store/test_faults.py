"""Each write, rename, fsync and open of the stores fails once; acknowledged data stays, nothing partial is visible."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from app.domain.errors.base import AppError
from app.domain.options import TranscriptionOptions
from app.services.transcriptions.job_queue import Queue
from app.settings_file import read_kept, write_kept
from app.store.files.recordings import Files
from app.store.sqlite.database import SqliteDatabase
from app.support.journal import Entry, Journal
from tests.faults import MOST_CALLS, NUMBERS, Acts, FailsOnce, is_done, once_each

pytestmark = pytest.mark.sqlite("lets calls for the file fail")

BROWSER = "4f1c9a2b7d3e5f60"


@pytest.mark.parametrize("number", NUMBERS)
def test_settings_are_the_old_or_the_new_ones(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, number: int) -> None:
    def check(folder: Path, is_acknowledged: bool) -> None:
        assert read_kept(folder).values.get("threads") in ((2,) if is_acknowledged else (1, 2))
        assert not list(folder.glob(".*.part"))

    def change(folder: Path) -> bool:
        return is_done(lambda: write_kept(folder, {"threads": 2}))

    once_each(monkeypatch, tmp_path, number, Acts(lambda folder: write_kept(folder, {"threads": 1}), change, check))


@pytest.mark.parametrize("number", NUMBERS)
def test_a_journal_keeps_what_it_took(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, number: int) -> None:
    def tell(folder: Path, entry: int) -> None:
        Journal(folder).write(BROWSER, {}, [Entry(entry, "", "press")])

    def check(folder: Path, is_acknowledged: bool) -> None:
        kept = [entry.number for entry in Journal(folder).read(BROWSER).entries]
        assert kept in ([[0, 1]] if is_acknowledged else [[0], [0, 1]])
        assert not list(folder.glob(".*"))

    acts = Acts(lambda folder: tell(folder, 0), lambda folder: is_done(lambda: tell(folder, 1)), check)
    once_each(monkeypatch, tmp_path, number, acts)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_recording_is_acknowledged_and_there_or_refused_and_gone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, empty: Path, number: int
) -> None:
    for place in range(MOST_CALLS):
        folder = tmp_path / f"data-{place}"
        folder.mkdir()
        (folder / "app.db").write_bytes(empty.read_bytes())
        with closing(SqliteDatabase(folder)) as database:
            database.migrate()
            queue = Queue(database, Files(folder))
            with monkeypatch.context() as patched:
                faults = FailsOnce(patched, folder, place, number)
                acknowledged = submitted(queue)
            queue.files.sweep({acknowledged}.__contains__)
            kept = [path.name for path in (folder / "transcriptions").iterdir()]
            assert kept == ([acknowledged] if acknowledged else []), (place, kept)
            if acknowledged:
                assert queue.source_path(acknowledged).read_bytes() == b"sound"
            assert list((folder / "incoming").iterdir()) == []
        if not faults.has_failed:
            return
    raise AssertionError("there were more calls than expected")


def submitted(queue: Queue) -> str | None:
    try:
        with queue.receive("a.wav", 100) as incoming:
            incoming.write(b"sound")
            return queue.submit(incoming, TranscriptionOptions(), "api").id
    except AppError:
        return None
