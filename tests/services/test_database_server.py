"""The database server goes down while jobs run: they wait, go on by themselves, and do nothing twice."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.domain.states import JobState
from app.engine.preparation.pool import PreparationPool
from app.services.transcriptions.job_queue import Queue
from app.store.database import open_database
from app.store.files.recordings import Files
from tests.databases import PostgresServer, missing
from tests.services.conftest import House, talk

LEVELS = [0.2, 0.4, 0.6, 0.8] * 3


@pytest.fixture(name="own_server")
def _own_server() -> Iterator[PostgresServer]:
    if reason := missing():
        pytest.skip(reason)
    server = PostgresServer()
    yield server
    server.remove()


def test_jobs_go_on_after_restarts_of_the_server(
    own_server: PostgresServer, tmp_path: Path, pool: PreparationPool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "app")
    with own_server.database() as url, closing(open_database(tmp_path, url)) as database:
        database.migrate()
        files = Files(tmp_path)
        house = House(tmp_path, database, files, Queue(database, files), pool)
        ids = [house.submit(talk(*LEVELS)).id for _ in range(2)]
        with house.working("SlowEngine"), database.listening(house.queue.announce):
            for least in (2, 5):
                house.until(lambda least=least: sum(done(house, id) for id in ids) >= least)  # type: ignore[misc]
                own_server.stop()
                own_server.start()
            records = [house.end_of(id) for id in ids]
            finished = Counter((id, index) for id in ids for index in house.finished_segments(id))

    assert [record.state for record in records] == [JobState.SUCCEEDED] * 2
    assert [record.text_raw for record in records] == [" ".join(["level 2 level 4 level 6 level 8"] * 3)] * 2
    assert len(finished) == len(ids) * len(LEVELS)
    assert set(finished.values()) == {1}


def done(house: House, id: str) -> int:
    return house.queue.get(id).progress.segments_done
