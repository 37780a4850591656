"""Backup and restore: taken while jobs arrive, complete or not at all, and never over data in use."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from app.domain.errors.backup import BackupUnusable, DataInUse
from app.domain.errors.setup import DatabaseUnusable
from app.domain.options import TranscriptionOptions
from app.services.transcriptions.job_queue import Queue
from app.support.backup import Places, back_up, restore
from tests.databases import OF_BACKUPS
from tests.support.queues import open_queue
from tests.warm import run

pytestmark = pytest.mark.sqlite(OF_BACKUPS)


@pytest.fixture(name="places")
def _places(tmp_path: Path) -> Places:
    places = Places(tmp_path / "data", tmp_path / "logs")
    places.log_dir.mkdir()
    (places.log_dir / "app.log").write_text("a line\n")
    return places


def submit(queue: Queue, name: str) -> str:
    with queue.receive(name, 1000) as file:
        file.write(b"the bytes of " + name.encode())
        return queue.submit(file, TranscriptionOptions(), "api").id


def names(queue: Queue) -> list[str]:
    return sorted(job.name for job in queue.search(limit=200).items)


def test_what_was_there_comes_back_with_its_recordings(places: Places, tmp_path: Path) -> None:
    queue = open_queue(places)
    kept = submit(queue, "会议.wav")
    (places.data_dir / "settings.json").write_text('{"vad_mode": 3}')
    back_up(places, tmp_path / "b.zip", recordings=True)
    elsewhere = Places(tmp_path / "other data", tmp_path / "other logs")

    manifest, aside = restore(tmp_path / "b.zip", elsewhere)

    restored = open_queue(elsewhere)
    assert names(restored) == ["会议.wav"]
    assert restored.source_path(kept).read_bytes() == queue.source_path(kept).read_bytes()
    assert json.loads((elsewhere.data_dir / "settings.json").read_text()) == {"vad_mode": 3}
    assert [path.read_text() for path in elsewhere.log_dir.glob("*/app.log")] == ["a line\n"]
    assert manifest.has_recordings
    assert aside is None


KILLED_BACKUP = """
import os, signal, sys
from pathlib import Path
from app.support import backup

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

backup._add = die
data, logs, target = map(Path, sys.argv[1:])
backup.back_up(backup.Places(data, logs), target, recordings=True)
"""


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="needs files without names")
def test_a_backup_that_is_killed_leaves_nothing_beside_its_target(places: Places, tmp_path: Path) -> None:
    submit(open_queue(places), "first.wav")
    target = tmp_path / "backups" / "b.zip"

    done = subprocess.run([sys.executable, "-c", KILLED_BACKUP, places.data_dir, places.log_dir, target], check=False)

    assert done.returncode == -signal.SIGKILL
    assert list(target.parent.iterdir()) == []


def test_a_backup_replaces_an_older_one_of_that_name(places: Places, tmp_path: Path) -> None:
    submit(open_queue(places), "first.wav")
    target = tmp_path / "b.zip"
    target.write_bytes(b"older")
    back_up(places, target, recordings=True)

    assert zipfile.is_zipfile(target)
    assert target.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.glob(".*")) == []


def test_a_backup_taken_while_recordings_arrive_holds_one_moment(places: Places, tmp_path: Path) -> None:
    queue = open_queue(places)
    submit(queue, "first.wav")
    stop = threading.Event()

    def arrive() -> None:
        number = 0
        while not stop.is_set():
            submit(queue, f"{number}.wav")
            number += 1

    thread = threading.Thread(target=arrive)
    thread.start()
    try:
        for number in range(3):
            back_up(places, tmp_path / f"{number}.zip", recordings=True)
    finally:
        stop.set()
        thread.join()

    for number in range(3):
        elsewhere = Places(tmp_path / f"data {number}", tmp_path / f"logs {number}")
        restore(tmp_path / f"{number}.zip", elsewhere)
        restored = open_queue(elsewhere)
        assert "first.wav" in names(restored)
        for job in restored.search(limit=200).items:
            assert restored.source_path(job.id).read_bytes() == b"the bytes of " + job.name.encode()


def test_the_former_data_are_moved_aside_not_lost(places: Places, tmp_path: Path) -> None:
    queue = open_queue(places)
    submit(queue, "before.wav")
    back_up(places, tmp_path / "b.zip", recordings=False)
    submit(queue, "after.wav")
    queue.database.close()

    _, aside = restore(tmp_path / "b.zip", places)

    assert names(open_queue(places)) == ["before.wav"]
    assert aside
    with closing(sqlite3.connect(aside / "app.db")) as connection, connection:
        assert connection.execute("SELECT count(*) FROM transcriptions").fetchone() == (2,)


def test_data_that_a_worker_holds_are_left_alone(places: Places, tmp_path: Path) -> None:
    queue = open_queue(places)
    submit(queue, "one.wav")
    back_up(places, tmp_path / "b.zip", recordings=False)

    with queue.database.worker_locks.holding("alive", print), pytest.raises(DataInUse):
        restore(tmp_path / "b.zip", places)

    assert names(queue) == ["one.wav"]


@pytest.mark.parametrize("damage", ["cut", "changed", "no zip", "leads elsewhere"])
def test_a_damaged_backup_changes_nothing(places: Places, tmp_path: Path, damage: str) -> None:
    queue = open_queue(places)
    submit(queue, "one.wav")
    queue.database.close()
    file = tmp_path / "b.zip"
    back_up(places, file, recordings=True)
    spoil(file, damage)

    with pytest.raises(BackupUnusable):
        restore(file, places)

    assert names(open_queue(places)) == ["one.wav"]
    assert not list(places.data_dir.glob("*restore*"))


def test_without_a_database_nothing_is_written(places: Places, tmp_path: Path) -> None:
    places.data_dir.mkdir()

    with pytest.raises(DatabaseUnusable):
        back_up(places, tmp_path / "b.zip", recordings=False)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "logs"]


def test_the_command_line_does_both(places: Places, tmp_path: Path) -> None:
    queue = open_queue(places)
    submit(queue, "one.wav")
    folders = ("--data-dir", places.data_dir, "--log-dir", places.log_dir)

    made = run("backup", tmp_path / "b.zip", *folders)
    queue.database.close()
    back = run("restore", tmp_path / "b.zip", *folders)

    assert made.returncode == back.returncode == 0, made.stderr + back.stderr
    assert "--recordings" in made.stdout
    assert "before-restore-" in back.stdout


def spoil(file: Path, damage: str) -> None:
    if damage == "no zip":
        file.write_text("no zip")
    elif damage == "cut":
        file.write_bytes(file.read_bytes()[:-300])
    else:
        with zipfile.ZipFile(file) as archive:
            contents = {name: archive.read(name) for name in archive.namelist()}
        if damage == "changed":
            contents["data/app.db"] = contents["data/app.db"][:-1] + b"!"
        else:
            manifest = json.loads(contents["manifest.json"])
            manifest["files"][0]["name"] = "data/../../escaped"
            contents["data/../../escaped"] = contents["data/app.db"]
            contents["manifest.json"] = json.dumps(manifest).encode()
        with zipfile.ZipFile(file, "w") as archive:
            for name, content in contents.items():
                archive.writestr(name, content)


def test_nobody_else_may_read_a_backup_or_what_is_restored(places: Places, tmp_path: Path) -> None:
    queue = open_queue(places)
    submit(queue, "a.wav")
    queue.database.close()
    back_up(places, tmp_path / "backup.zip", recordings=True)
    restored = Places(tmp_path / "other", tmp_path / "logs")

    restore(tmp_path / "backup.zip", restored)

    files = [tmp_path / "backup.zip", *(path for path in restored.data_dir.rglob("*") if path.is_file())]
    assert [path for path in files if path.stat().st_mode & 0o077] == []


def test_a_set_without_a_recording_that_it_promises_is_refused(places: Places, tmp_path: Path) -> None:
    queue = open_queue(places)
    id = submit(queue, "a.wav")
    queue.database.close()
    for path in queue.files.folder(id).iterdir():
        path.unlink()
    back_up(places, tmp_path / "backup.zip", recordings=True)

    with pytest.raises(BackupUnusable, match="not in it"):
        restore(tmp_path / "backup.zip", Places(tmp_path / "other", tmp_path / "logs"))
