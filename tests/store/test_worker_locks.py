"""A worker lives as long as its process, wherever that runs; one whose lock was lost goes on under another id."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.services.transcriptions.job_queue import Queue
from app.services.transcriptions.job_store import ClaimLost, JobStore
from app.store.database import Database, open_database
from app.store.files.recordings import Files
from app.store.queries import transcriptions
from tests.conftest import REPOSITORY, data_folder
from tests.databases import postgres_server
from tests.store.conftest import SavedTranscriptions, postgres_url
from tests.waiting import wait_until

HOLD = """
import sys, time
from pathlib import Path
from app.store.database import open_database
database = open_database(Path(sys.argv[1]), sys.argv[2])
database.migrate()
with database.worker_locks.holding("far", print):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture(name="place", params=["sqlite", "postgresql"])
def _place(request: pytest.FixtureRequest, tmp_path: Path, empty: Path) -> Iterator[tuple[Database, str]]:
    """A database and its URL."""
    with ExitStack() as stack:
        url = stack.enter_context(postgres_url()) if request.param == "postgresql" else ""
        database = stack.enter_context(closing(open_database(data_folder(tmp_path, empty), url)))
        database.migrate()
        yield database, url


def test_a_worker_lives_as_long_as_its_lock(place: tuple[Database, str]) -> None:
    locks = place[0].worker_locks
    assert not locks.is_any_alive()
    with locks.holding("abc", print):
        assert locks.is_alive("abc")
        assert locks.is_any_alive()
        assert not locks.is_alive("never there")

    assert not locks.is_alive("abc")
    assert not locks.is_any_alive()


def test_a_killed_worker_is_dead_at_once(place: tuple[Database, str]) -> None:
    database, url = place
    command = [sys.executable, "-c", HOLD, str(database.folder), url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY) as worker:
        assert worker.stdout
        assert worker.stdout.readline() == "held\n"
        assert database.worker_locks.is_alive("far")
        worker.kill()
        worker.wait()
        wait_until(lambda: not database.worker_locks.is_alive("far"))


def test_a_worker_that_lost_its_lock_loses_its_jobs_and_goes_on(tmp_path: Path) -> None:
    with postgres_url() as url, closing(open_database(tmp_path, url)) as database:
        queue = Queue(database, Files(tmp_path))
        saved = SavedTranscriptions(database)
        ids = [saved.add(state="queued") for _ in range(2)]
        claims, other = JobStore(queue, "first"), JobStore(queue, "other")
        with database.worker_locks.holding("first", lambda new: setattr(claims, "worker", new)):
            assert claims.claim()
            end_sessions_with_locks(url)
            wait_until(lambda: claims.worker != "first")
            assert database.worker_locks.is_alive(claims.worker)
            with pytest.raises(ClaimLost):
                claims.begin_recognition(ids[0])
            other.requeue_stalled()
            assert [job.id for job in (claims.claim(), claims.claim()) if job] == ids


def end_sessions_with_locks(url: str) -> None:
    query = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
    postgres_server().execute(query, url.split("/")[3].split("?", maxsplit=1)[0])


def test_a_job_is_taken_from_nobody_who_lives(place: tuple[Database, str]) -> None:
    database, _ = place
    queue = Queue(database, Files(database.folder))
    id = SavedTranscriptions(database).add(state="queued")
    with database.worker_locks.holding("busy", print):
        assert JobStore(queue, "busy").claim()
        JobStore(queue, "other").requeue_stalled()
        with database.reading() as connection:
            assert transcriptions.held(connection, id, "busy")

    wait_until(lambda: not database.worker_locks.is_alive("busy"))  # PostgreSQL ends a session when it finds the time
    JobStore(queue, "other").requeue_stalled()
    with database.writing() as connection:
        row = transcriptions.claim(connection, "other", datetime.now(UTC))
    assert row
    assert row["id"] == id
