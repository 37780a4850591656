"""A line to PostgreSQL that lets nothing through, and says nothing either: nobody waits for ever, no job has two owners."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from app.domain.errors.setup import DatabaseUnreachable
from app.store.database import Database, open_database
from app.store.postgresql.database import WRITING
from app.store.postgresql.patience import ImpatientConnection, PatientConnection
from tests.conftest import REPOSITORY
from tests.databases import PostgresServer, missing
from tests.far_machine import far_machine
from tests.far_machine import missing as missing_machine
from tests.s3_server import Line, _free_port
from tests.store.test_worker_locks import HOLD
from tests.waiting import wait_until

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())
NOTICED_SECONDS = 45  # of two keepalives and a look, on a busy machine


@pytest.fixture(name="line")
def _line() -> Iterator[Line]:
    port = _free_port()
    server = PostgresServer(port)
    server.execute("CREATE DATABASE parted")
    line = Line(port)
    yield line
    line.close()
    server.remove()


@pytest.fixture(name="database")
def _database(line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """Reached by the line, and soon asked whether it is busy; a busy machine needs a while to answer that."""
    monkeypatch.setattr(PatientConnection, "silent_seconds", 0.5)
    with reached_by(line, tmp_path, connect_timeout=NOTICED_SECONDS) as database:
        yield database


@contextmanager
def reached_by(line: Line, folder: Path, connect_timeout: int) -> Iterator[Database]:
    url = f"postgresql://funasr@127.0.0.1:{line.port}/parted?connect_timeout={connect_timeout}"
    with closing(open_database(folder, url)) as database:
        database.migrate()
        yield database


def test_who_asks_a_database_that_went_silent_is_told_so(
    line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with reached_by(line, tmp_path, connect_timeout=5) as database:
        with monkeypatch.context() as impatient:
            for kind in (PatientConnection, ImpatientConnection):
                impatient.setattr(kind, "silent_seconds", 0.5)
            with pytest.raises(DatabaseUnreachable), database.reading() as connection:  # noqa: PT012 - silent within
                line.hush()
                connection.exec_driver_sql("SELECT 1")
        line.mend()

        with database.reading() as connection:
            assert connection.exec_driver_sql("SELECT 1").scalar() == 1


def test_a_query_is_waited_for_while_the_server_works_on_it(database: Database) -> None:
    with database.reading() as connection:
        assert connection.exec_driver_sql("SELECT 1 FROM pg_sleep(2)").scalar() == 1


def test_a_query_behind_a_lock_is_waited_for(database: Database) -> None:
    with database.writing(), database.reading() as other:
        other.exec_driver_sql("SET LOCAL lock_timeout = '2s'")
        began = time.monotonic()
        with pytest.raises(Exception, match="lock timeout"):
            other.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITING})")

    assert time.monotonic() - began > 1.9


@pytest.mark.slow
@pytest.mark.skipif(bool(missing_machine()), reason=missing_machine())
def test_a_machine_whose_packets_are_lost_loses_its_lock_and_takes_another_later(tmp_path: Path) -> None:
    with far_machine() as machine:
        port = _free_port()
        server = PostgresServer(port, machine.near_address)
        server.execute("CREATE DATABASE parted")
        url = f"postgresql://funasr@{machine.near_address}:{port}/parted"
        command = machine.command([sys.executable, "-c", HOLD, str(tmp_path), url])
        with (
            closing(open_database(tmp_path, server.url("parted"))) as database,
            subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY) as worker,
        ):
            assert worker.stdout
            assert worker.stdout.readline() == "held\n"
            assert database.worker_locks.is_alive("far")
            machine.part()
            parted_at = time.monotonic()
            wait_until(lambda: not database.worker_locks.is_alive("far"))
            assert time.monotonic() - parted_at < NOTICED_SECONDS
            machine.join()
            renewed = worker.stdout.readline().strip()
            assert database.worker_locks.is_alive(renewed)
            worker.kill()
        server.remove()
