"""What survives kills at any moment, a locked database, a full disk, and two workers on one folder."""

from __future__ import annotations

import collections
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.domain.errors.audio import DecodingCrashed
from app.domain.errors.base import AppError
from app.domain.errors.uploads import DiskFull
from app.domain.options import TranscriptionOptions
from app.domain.states import JobState
from app.engine.preparation import preparation
from app.engine.preparation.preparation import Prepared
from app.services.transcriptions.trash import Trash
from app.services.worker import transcriber
from app.store.postgresql.worker_locks import LOCKS
from app.store.sqlite.database import SqliteDatabase
from tests.services.conftest import FINAL, House, talk
from tests.waiting import PATIENCE_SECONDS
from tests.warm import WarmPopen, start_module

STORM_SECONDS = 40

REPOSITORY = Path(__file__).resolve().parents[2]


@contextmanager
def worker_process(house: House, factory: str, jobs: int = 2) -> Iterator[WarmPopen]:
    with start_module("tests.services.worker_main", house.folder, factory, jobs) as process:
        try:
            yield process
        finally:
            process.kill()


def log_of(house: House) -> list[list[str]]:
    lines = (house.folder / "logs" / "app.log").read_text("utf-8").splitlines()
    return [line.split() for line in lines if not line.startswith(" ")]


def times_finished(house: House) -> collections.Counter[tuple[str, str]]:
    """How often each segment of each job was finished, by the log."""
    lines = [words for words in log_of(house) if words[5:6] == ["segment_finished"]]
    return collections.Counter((words[3], words[6]) for words in lines)


def locks(house: House) -> set[str]:
    """What stands for the workers that have begun: files, or the keys of sessions."""
    if isinstance(house.database, SqliteDatabase):
        return {path.name for path in (house.folder / "workers").iterdir()}
    with house.database.reading() as connection:
        return {str(key) for (key,) in connection.exec_driver_sql(LOCKS)}


def test_after_a_kill_the_job_goes_on_at_the_first_unfinished_segment(house: House) -> None:
    id = house.submit(talk(*[0.2, 0.4, 0.6, 0.8] * 3)).id
    with worker_process(house, "SlowEngine") as first:
        house.until(lambda: house.queue.get(id).progress.segments_done >= 3)
        first.kill()
        first.wait()
    assert house.queue.get(id).state is JobState.RUNNING

    with worker_process(house, "SlowEngine"):
        record = house.end_of(id)

    assert record.text_raw == " ".join(["level 2 level 4 level 6 level 8"] * 3)
    assert record.attempts == 2
    assert len(times_finished(house)) == 12
    assert set(times_finished(house).values()) == {1}


def test_random_kills_lose_nothing_and_repeat_nothing(house: House) -> None:
    chance = random.Random(2026)
    recordings = [talk(*[level / 10] * 5) for level in (1, 2, 3, 4, 5, 6)]
    ids = [house.submit(recording).id for recording in recordings]
    kills = 0
    end_of_storm = time.monotonic() + STORM_SECONDS
    while any(house.queue.get(id).state not in FINAL for id in ids):
        before = locks(house)
        with worker_process(house, "SlowEngine") as process:
            if kills < 15 and time.monotonic() < end_of_storm:
                if kills % 4:  # every fourth dies before it has begun
                    house.until(lambda before=before: bool(locks(house) - before))
                time.sleep(chance.uniform(0.1, 2.5))
                kills += 1
            else:
                for id in ids:
                    house.end_of(id)
            process.kill()

    records = [house.queue.get(id) for id in ids]
    assert {record.state for record in records} == {JobState.SUCCEEDED}
    assert [record.text_raw for record in records] == [" ".join([f"level {level}"] * 5) for level in (1, 2, 3, 4, 5, 6)]
    assert len(times_finished(house)) <= 30
    assert set(times_finished(house).values()) == {1}
    left = {path.name for id in ids for path in house.files.folder(id).iterdir()}
    assert left == {"source.wav", "recording.json", "peaks.json", "job.log"}


def test_what_a_dead_worker_had_begun_comes_before_what_waits(house: House) -> None:
    begun = [house.submit(talk(0.2, 0.4)).id for _ in range(2)]
    with worker_process(house, "WaitingEngine"):
        house.until(lambda: any(house.folder.glob("begun-*")))
        house.until(lambda: house.queue.counts()[JobState.RUNNING] == 2)
    waiting = house.submit(talk(0.6)).id
    house.note("go")
    with worker_process(house, "WaitingEngine"):
        house.end_of(waiting)

    starts = [words[3] for words in log_of(house) if words[5:6] == ["job_started"]]
    assert sorted(starts[2:4]) == sorted(f"job={id}" for id in begun)


def test_a_stopped_worker_gives_its_jobs_back_and_ends_its_children(house: House) -> None:
    id = house.submit(talk(0.2, 0.4)).id
    with worker_process(house, "WaitingEngine") as process:
        house.until(lambda: any(house.folder.glob("begun-*")))
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=PATIENCE_SECONDS) == 0

    assert house.queue.get(id).state is JobState.QUEUED
    assert not locks(house)
    assert "job_given_back" in [words[5] for words in log_of(house)]


def test_a_living_worker_keeps_its_jobs_when_another_one_starts(house: House) -> None:
    id = house.submit(talk(0.2, 0.4)).id
    with worker_process(house, "WaitingEngine", jobs=1):  # it has no hand free for the other job
        house.until(lambda: any(house.folder.glob("begun-*")))
        with house.working("EchoEngine"):
            other = house.submit(talk(0.6)).id
            house.end_of(other)
            assert house.queue.get(id).state is JobState.RUNNING
        house.note("go")
        record = house.end_of(id)

    assert record.attempts == 1
    assert record.text_raw == "level 2 level 4"


def test_a_living_worker_takes_over_from_one_that_dies(house: House) -> None:
    id = house.submit(talk(0.2, 0.4)).id
    with worker_process(house, "WaitingEngine") as process:
        house.until(lambda: any(house.folder.glob("begun-*")))
        with house.working("EchoEngine"):
            process.kill()
            record = house.end_of(id)

    assert record.state is JobState.SUCCEEDED
    assert record.attempts == 2


def test_no_job_is_claimed_twice_by_many_workers(house: House) -> None:
    ids = [house.submit(talk(0.2)).id for _ in range(6)]
    with worker_process(house, "EchoEngine"), worker_process(house, "EchoEngine"):
        records = [house.end_of(id) for id in ids]

    assert {record.attempts for record in records} == {1}
    assert set(times_finished(house).values()) == {1}
    assert len(times_finished(house)) == 6


def test_a_deletion_that_a_kill_interrupted_is_finished_by_the_next_worker(house: House) -> None:
    id = house.submit(talk(0.2, 0.4)).id
    with worker_process(house, "WaitingEngine") as process:
        house.until(lambda: any(house.folder.glob("begun-*")))
        house.queue.delete(id)
        Trash(house.queue).remove([id])
        process.kill()
    assert house.files.folder(id).exists()

    with house.working("EchoEngine"):
        house.until(lambda: house.is_gone(id))


def test_the_next_worker_finishes_a_cancellation_that_a_kill_interrupted(house: House) -> None:
    id = house.submit(talk(0.2, 0.4)).id
    with worker_process(house, "WaitingEngine") as process:
        house.until(lambda: any(house.folder.glob("begun-*")))
        house.queue.cancel(id)
        process.kill()
    with house.working("EchoEngine"):
        record = house.end_of(id)

    assert record.state is JobState.CANCELLED
    assert not house.files.audio(id).exists()


def test_samples_that_vanished_are_made_again_with_the_same_plan(house: House) -> None:
    id = house.submit(talk(0.2, 0.4, 0.6)).id
    with worker_process(house, "WaitingEngine") as process:
        house.until(lambda: any(house.folder.glob("begun-*")))
        plan = [(segment.start, segment.end) for segment in house.queue.segments(id)]
        process.kill()
        process.wait()
    house.files.audio(id).unlink()

    with house.working("EchoEngine"):
        record = house.end_of(id)
    assert record.text_raw == "level 2 level 4 level 6"
    assert [(segment.start, segment.end) for segment in house.queue.segments(id)] == plan


@pytest.mark.sqlite("locks the file")
@pytest.mark.parametrize("house", [0.3], indirect=True)
def test_a_locked_database_makes_a_job_wait_and_not_fail(house: House) -> None:
    with house.working("SlowEngine"):
        id = house.submit(talk(*[0.2] * 6)).id
        house.until(lambda: house.queue.get(id).progress.segments_done > 0)
        with closing(sqlite3.connect(house.file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            house.until(lambda: any("retrying" in line for line in house.queue.log_lines(id)))
            other.execute("ROLLBACK")
        record = house.end_of(id)

    assert record.state is JobState.SUCCEEDED
    assert sorted(house.finished_segments(id)) == [f"index={index}" for index in range(6)]


@pytest.mark.parametrize(
    ("failures", "state"),
    [
        ([DecodingCrashed(detail="SIGKILL")], JobState.SUCCEEDED),
        ([DiskFull(folder="data"), DiskFull(folder="data"), DecodingCrashed(detail="SIGKILL")], JobState.SUCCEEDED),
        ([DecodingCrashed(detail="SIGSEGV")] * 2, JobState.FAILED),
    ],
)
def test_reading_a_recording_is_tried_again(
    house: House, monkeypatch: pytest.MonkeyPatch, failures: list[AppError], state: JobState
) -> None:
    """A killed child may be chance, and a full disk passes; what crashes twice is the file's fault."""
    left = list(failures)

    def prepare(*args: Any, **options: Any) -> Prepared:
        if left:
            raise left.pop(0)
        return preparation.prepare(*args, **options)

    monkeypatch.setattr(transcriber, "prepare", prepare)
    with house.working("EchoEngine"):
        record = house.end_of(house.submit(talk(0.5)).id)

    assert record.state is state
    assert left == []


@pytest.mark.sqlite("limits the size of the file")
def test_a_full_disk_makes_a_job_wait_and_refuses_uploads_cleanly(house: House) -> None:
    """The database may not grow: what SQLite then says is what it says on a full disk."""
    house.limit_room()
    recording = talk(*[0.2] * 6)
    with house.working("SlowEngine"):
        id = house.submit(recording).id
        house.until(lambda: house.queue.get(id).progress.segments_done > 0)
        with house.full_disk():
            house.until(lambda: any("disk is too full" in line for line in house.queue.log_lines(id)))
            with pytest.raises(DiskFull):
                house.submit(recording)
        record = house.end_of(id)

    assert record.state is JobState.SUCCEEDED
    assert house.queue.search().total == 1
    assert [path.name for path in house.files.folder(id).parent.iterdir()] == [id]


UPLOAD_AND_DIE = """
import os, signal, sys
from pathlib import Path
from app.services.transcriptions.job_queue import TranscriptionOptions, Queue
from tests.databases import database_in
from app.store.files.recordings import Files

folder = Path(sys.argv[1])
queue = Queue(database_in(folder), Files(folder))
die = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
with queue.receive("talk.wav", 1000) as incoming:
    incoming.write(b"RIFF")
    if sys.argv[2] == "before the row":
        queue._add = die
        queue.submit(incoming, TranscriptionOptions(), "api")
    die()
"""


@pytest.mark.folder("tests/objects/test_faults.py kills a server that has a store")
@pytest.mark.parametrize("moment", ["while it arrives", "before the row"])
def test_an_upload_that_was_not_acknowledged_leaves_nothing(house: House, moment: str) -> None:
    subprocess.run([sys.executable, "-c", UPLOAD_AND_DIE, str(house.folder), moment], cwd=REPOSITORY, check=False)
    folders = [house.folder / "incoming", house.folder / "transcriptions"]
    assert sum(len(list(folder.iterdir())) for folder in folders) == 1

    with house.working("EchoEngine"):
        house.until(lambda: not any(any(folder.iterdir()) for folder in folders))


def test_an_upload_in_progress_survives_the_start_of_a_worker(house: House) -> None:
    with house.queue.receive("talk.wav", 10**9) as incoming:
        incoming.write(talk(0.2))
        with house.working("EchoEngine"):
            house.end_of(house.submit(talk(0.4)).id)
            record = house.queue.submit(incoming, TranscriptionOptions(), "api")
            assert house.end_of(record.id).text_raw == "level 2"


def test_killed_workers_leave_no_locks(house: House) -> None:
    with worker_process(house, "EchoEngine") as process:
        house.until(lambda: bool(locks(house)))
        process.kill()
        process.wait()
    dead = locks(house)

    with house.working("EchoEngine"):
        house.until(lambda: len(locks(house)) == 1 and locks(house) != dead)
    assert not locks(house)
