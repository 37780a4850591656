"""Recordings outlive their database: if it is restored, moved or replaced, no start ever removes a recording."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.domain.errors.backup import DataInUse
from app.domain.errors.setup import DataBeingRestored
from app.domain.hotwords import Hotword
from app.domain.options import TranscriptionOptions
from app.domain.states import JobState
from app.services.transcriptions.job_queue import Queue
from app.services.transcriptions.job_store import JobStore
from app.services.transcriptions.orphans import Recovered, recover
from app.store.files.description import ARRIVING_NAME, RECORDING_NAME
from app.support.backup import Places, back_up, restore
from app.support.doctor import Subject
from app.support.doctor.places import orphans as look_for_orphans
from tests.conftest import REPOSITORY
from tests.databases import OF_BACKUPS, lose_database
from tests.support.queues import open_queue
from tests.warm import run

pytestmark = pytest.mark.folder("a command looks for them in an object store, see tests/objects/test_recordings.py")


@pytest.fixture(name="places")
def _places(tmp_path: Path) -> Places:
    places = Places(tmp_path / "data", tmp_path / "logs")
    places.log_dir.mkdir()
    return places


def submit(queue: Queue, name: str, options: TranscriptionOptions | None = None) -> str:
    with queue.receive(name, 1000) as file:
        file.write(b"the bytes of " + name.encode())
        return queue.submit(file, options or TranscriptionOptions(), "web").id


def start(places: Places) -> Queue:
    """Do what every start does with the folders."""
    queue = open_queue(places)
    JobStore(queue, "w").sweep()
    return queue


def names(queue: Queue) -> list[str]:
    return sorted(job.name for job in queue.search(limit=200).items)


@pytest.mark.sqlite(OF_BACKUPS)
def test_recordings_that_came_after_a_backup_survive_its_restore(places: Places, tmp_path: Path) -> None:
    queue = open_queue(places)
    submit(queue, "before.wav")
    back_up(places, tmp_path / "b.zip", recordings=False)
    options = TranscriptionOptions(language="en", hotwords=(Hotword("GuanYun", 20.0),))
    later = submit(queue, "later.wav", options)
    queue.database.close()
    restore(tmp_path / "b.zip", places)

    queue = start(places)
    found = [recover(queue, id) for id in queue.files.orphans()]

    job = queue.get(later)
    assert found == [(Recovered.QUEUED, "later.wav")]
    assert names(queue) == ["before.wav", "later.wav"]
    assert (job.state, job.options, job.source) == (JobState.QUEUED, options, "web")
    assert queue.source_path(later).read_bytes() == b"the bytes of later.wav"
    assert queue.files.orphans() == []


def test_a_database_that_is_gone_costs_no_recording(places: Places) -> None:
    queue = open_queue(places)
    ids = [submit(queue, f"{number}.wav") for number in range(3)]
    created = {job.id: job.created_at for job in queue.search().items}
    queue.database.close()
    lose_database(places.data_dir)

    queue = start(places)
    again = start(places)
    for id in again.files.orphans():
        recover(again, id)

    assert sorted(job.id for job in queue.search().items) == sorted(ids)
    assert {job.id: job.created_at for job in queue.search().items} == created


def test_the_doctor_tells_of_recordings_without_an_entry(places: Places) -> None:
    queue = open_queue(places)
    submit(queue, "one.wav")
    subject = Subject(None, places.data_dir, places.log_dir)  # type: ignore[arg-type]  # it looks at folders alone
    [healthy] = look_for_orphans(subject)
    queue.database.close()
    lose_database(places.data_dir)
    start(places)

    [told] = look_for_orphans(subject)

    assert healthy.status == "ok"
    assert told.status == "warning"
    assert "1 recordings" in told.explained()["fact"]
    assert "python -m app recover" in told.explained()["advice"]


def test_an_upload_that_nobody_was_told_of_is_no_orphan(places: Places) -> None:
    queue = open_queue(places)
    id = submit(queue, "one.wav")
    folder = queue.files.folder(id)
    (folder / RECORDING_NAME).rename(folder / ARRIVING_NAME)
    unknown = folder.with_name("unknown")
    shutil.copytree(folder, unknown)

    again = start(places)

    assert not unknown.exists()
    assert again.files.orphans() == []
    assert (folder / RECORDING_NAME).exists()


def test_a_recording_of_an_earlier_version_comes_back_under_its_id(places: Places) -> None:
    queue = open_queue(places)
    id = submit(queue, "会议.mp3")
    (queue.files.folder(id) / RECORDING_NAME).unlink()
    queue.database.close()
    lose_database(places.data_dir)

    queue = start(places)
    found = recover(queue, id)

    assert found == (Recovered.QUEUED, f"{id}.mp3")
    assert queue.source_path(id).read_bytes() == "the bytes of 会议.mp3".encode()


def test_a_description_that_was_changed_by_hand_harms_nothing(places: Places) -> None:
    queue = open_queue(places)
    id = submit(queue, "one.wav")
    described = {"name": ["x"], "options": {"language": "xx", "vad": 7}, "created_at": "yesterday"}
    (queue.files.folder(id) / RECORDING_NAME).write_text(json.dumps(described))
    queue.database.close()
    lose_database(places.data_dir)

    queue = start(places)

    assert recover(queue, id) == (Recovered.QUEUED, f"{id}.wav")
    assert queue.get(id).options == TranscriptionOptions()


def test_a_recording_whose_entry_is_back_gets_its_files(places: Places) -> None:
    queue = open_queue(places)
    id = submit(queue, "one.wav")
    orphan = places.data_dir / "orphans" / id
    orphan.parent.mkdir()
    queue.files.folder(id).rename(orphan)

    assert recover(queue, id) == (Recovered.REUNITED, "one.wav")
    assert queue.source_path(id).exists()


def test_a_folder_without_sound_stays_among_the_orphans(places: Places) -> None:
    queue = open_queue(places)
    orphan = places.data_dir / "orphans" / "0123456789abcdef"
    orphan.mkdir(parents=True)
    (orphan / "job.log").write_text("a line")

    assert recover(queue, orphan.name) == (Recovered.LEFT, orphan.name)
    JobStore(queue, "w").sweep()
    assert (orphan / "job.log").read_text() == "a line"
    assert queue.files.orphans() == [orphan.name]


@pytest.mark.sqlite(OF_BACKUPS)
def test_a_server_without_a_worker_keeps_a_restore_away(places: Places, tmp_path: Path) -> None:
    queue = open_queue(places)
    submit(queue, "one.wav")
    back_up(places, tmp_path / "b.zip", recordings=False)

    with pytest.raises(DataInUse):
        restore(tmp_path / "b.zip", places)
    queue.database.close()
    restore(tmp_path / "b.zip", places)

    assert names(open_queue(places)) == ["one.wav"]


KILLED_AT_A_RENAME = """
import os, signal, sys
from pathlib import Path
from app.support.backup import Places, restore

file, data, logs, last = sys.argv[1:]
count = 0

def look(event, arguments):
    global count
    if event == "os.rename":
        count += 1
        if count == int(last):
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(look)
restore(Path(file), Places(Path(data), Path(logs)))
"""


@pytest.mark.sqlite(OF_BACKUPS)
def test_a_kill_at_any_moment_of_a_restore_leaves_old_or_new(places: Places, tmp_path: Path) -> None:
    queue = open_queue(places)
    submit(queue, "old.wav")
    (places.data_dir / "settings.json").write_text('{"vad_mode": 1}')
    back_up(places, tmp_path / "b.zip", recordings=True)
    submit(queue, "new.wav")
    (places.data_dir / "settings.json").write_text('{"vad_mode": 3}')
    queue.database.close()
    outcomes = set()

    for kill_at in range(1, 20):
        data, logs = tmp_path / f"data-{kill_at}", tmp_path / f"logs-{kill_at}"
        shutil.copytree(places.data_dir, data)
        arguments = (str(tmp_path / "b.zip"), str(data), str(logs), str(kill_at))
        done = subprocess.run([sys.executable, "-c", KILLED_AT_A_RENAME, *arguments], cwd=REPOSITORY, check=False)
        opened = open_queue(Places(data, logs))
        mode = json.loads((data / "settings.json").read_text())["vad_mode"]
        outcomes.add((tuple(names(opened)), mode))
        opened.database.close()
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL

    assert kill_at > 4
    assert done.returncode == 0
    assert outcomes == {(("new.wav", "old.wav"), 3), (("old.wav",), 1)}


@pytest.mark.sqlite(OF_BACKUPS)
def test_nobody_opens_data_that_are_being_exchanged(places: Places) -> None:
    open_queue(places).database.close()
    lock = os.open(places.data_dir / "in-use.lock", os.O_RDWR)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(DataBeingRestored):
            open_queue(places)
    finally:
        os.close(lock)


def test_the_command_brings_recordings_back(places: Places) -> None:
    queue = open_queue(places)
    submit(queue, "会议.wav")
    queue.database.close()
    lose_database(places.data_dir)
    start(places).database.close()
    folders = ("--data-dir", places.data_dir, "--log-dir", places.log_dir)

    first = run("recover", *folders)
    second = run("recover", *folders)

    assert (first.returncode, first.stdout) == (0, "会议.wav: waits to be read again\n")
    assert second.stdout == "Every recording has its entry; there is nothing to recover.\n"
