"""A data folder with a real queue, recordings to submit, and a worker with a real inference process."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import event

from app.domain.errors.transcriptions import TranscriptionNotFound
from app.domain.options import TranscriptionOptions
from app.domain.states import JobState
from app.domain.transcription import Transcription
from app.engine import EngineSpec
from app.engine.audio.facts import DecodeLimits
from app.engine.preparation.pool import PreparationPool
from app.logging import job_logs
from app.services.inference.process import InferenceProcess
from app.services.transcriptions.job_queue import Queue
from app.services.worker.worker import Worker
from app.store.database import Database
from app.store.files.recordings import Files
from app.store.sqlite.database import BUSY_SECONDS, SqliteDatabase
from tests.conftest import data_folder
from tests.databases import database_in
from tests.engine import sounds
from tests.waiting import wait_until

LIMITS = DecodeLimits(max_seconds=600, cpu_seconds=60, memory_mb=1024)
FINAL = (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)


@dataclass
class House:
    """One data folder and what a test may do with it."""

    folder: Path
    database: Database
    files: Files
    queue: Queue
    pool: PreparationPool | None = None
    _room: list[int] = field(default_factory=lambda: [2**30])
    """Pages that the database may have."""

    @property
    def file(self) -> Path:
        """The database's file, where it has one."""
        return self.sqlite.file

    @property
    def sqlite(self) -> SqliteDatabase:
        assert isinstance(self.database, SqliteDatabase)
        return self.database

    def submit(
        self, recording: bytes, name: str = "talk.wav", options: TranscriptionOptions | None = None
    ) -> Transcription:
        with self.queue.receive(name, 10**9) as incoming:
            incoming.write(recording)
            return self.queue.submit(incoming, options or TranscriptionOptions(), "api")

    @contextmanager
    def working(
        self, factory: str, *, timeout_seconds: float = 30.0, jobs: int = 2, speaker_model: Path | None = None
    ) -> Iterator[InferenceProcess]:
        inference = InferenceProcess(self.spec(factory))
        worker = Worker(
            self.queue,
            self.files,
            inference,
            LIMITS,
            segment_timeout_seconds=timeout_seconds,
            concurrent_jobs=jobs,
            pool=self.pool,
            speaker_model=lambda: speaker_model,
        )
        with job_logs(self.files.folder), worker.running():
            yield inference

    def spec(self, factory: str) -> EngineSpec:
        return EngineSpec(model_dir=self.folder, factory=f"tests.fakes:{factory}")

    @contextmanager
    def full_disk(self) -> Iterator[None]:
        """Each new recording and each finished segment needs more room than SQLite may take."""
        fill = "BEGIN INSERT INTO ballast VALUES (zeroblob(1e6)); END"
        self._execute("CREATE TRIGGER fill_update AFTER UPDATE ON segments " + fill)
        self._execute("CREATE TRIGGER fill_insert AFTER INSERT ON transcriptions " + fill)
        self._room[0] = 1  # SQLite takes the present size where this is less
        yield
        self._room[0] = 2**30
        self._execute("DROP TRIGGER fill_update")
        self._execute("DROP TRIGGER fill_insert")

    def limit_room(self) -> None:
        self._execute("CREATE TABLE ballast (content)")
        event.listen(self.sqlite._engine, "checkout", self._set_room)

    def _set_room(self, connection: sqlite3.Connection, *_: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {self._room[0]}")

    def _execute(self, statement: str) -> None:
        with closing(sqlite3.connect(self.file)) as connection:
            connection.execute(statement)

    def note(self, name: str) -> None:
        (self.folder / name).touch()

    def until(self, condition: Callable[[], bool]) -> None:
        wait_until(condition)

    def end_of(self, id: str) -> Transcription:
        self.until(lambda: self.queue.get(id).state in FINAL)
        return self.queue.get(id)

    def is_gone(self, id: str) -> bool:
        try:
            self.queue.get(id)
        except TranscriptionNotFound:
            return not self.files.folder(id).exists()
        return False

    def events(self, id: str) -> list[str]:
        """The names of the events in the job's own log."""
        return [line.split()[5] for line in self.queue.log_lines(id) if not line.startswith(" ")]

    def finished_segments(self, id: str) -> list[str]:
        """The indexes of `segment_finished` in the job's own log."""
        lines = [line.split() for line in self.queue.log_lines(id)]
        return [words[6] for words in lines if words[5:6] == ["segment_finished"]]


def talk(*levels: float) -> bytes:
    """A WAV of one spoken piece for each level, with pauses between them."""
    pause = sounds.silence(1.0)
    pieces = [pause, *(part for level in levels for part in (sounds.babble(0.8, level=level), pause))]
    return sounds.wav_bytes((np.concatenate(pieces) * 32767).astype(np.int16))


@pytest.fixture(name="house")
def _house(request: pytest.FixtureRequest, tmp_path: Path, empty: Path, pool: PreparationPool) -> Iterator[House]:
    """A parameter is how many seconds a writer waits for another."""
    app_log = logging.getLogger("app")
    level = app_log.level
    app_log.setLevel(logging.INFO)
    database = database_in(data_folder(tmp_path, empty), busy_seconds=getattr(request, "param", BUSY_SECONDS))
    files = Files(tmp_path)
    yield House(tmp_path, database, files, Queue(database, files), pool)
    database.close()
    app_log.setLevel(level)
