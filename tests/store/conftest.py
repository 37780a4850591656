"""A database, and rows to insert."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.domain.options import TranscriptionOptions
from app.store import tables
from app.store.database import Connection, Database, open_database
from app.store.queries import search, transcriptions
from tests.conftest import data_folder
from tests.databases import TEMPLATE, missing, postgres_server

BEGIN = datetime(2026, 11, 1, 12, tzinfo=UTC)


ON_SQLITE = pytest.mark.parametrize("saved", ["sqlite"], indirect=True)
"""For a test of how SQLite finds something."""


@dataclass
class SavedTranscriptions:
    """A real database; every row comes a minute after the one before."""

    database: Database
    count: int = 0

    def add(self, text: str = "", *, connection: Connection | None = None, **values: Any) -> str:
        """Add a finished transcription and return its id."""
        if connection is None:
            with self.database.writing() as own:
                return self.add(text, connection=own, **values)
        self.count += 1
        id = f"{self.count:016x}"
        moment = BEGIN + timedelta(minutes=self.count)
        row = {
            "id": id,
            "name": f"{self.count}.wav",
            "suffix": ".wav",
            "size_bytes": 100,
            "sha256": "",
            "source": "api",
            "options": TranscriptionOptions().to_dict(),
            "state": "succeeded",
            "stage": "finished",
            "created_at": moment,
            "finished_at": moment,
            "duration": 10.0,
            "text": text,
        }
        transcriptions.add(connection, row | values)
        return id

    def found(self, query: str) -> list[str]:
        """The ids that the index finds."""
        with self.database.reading() as connection:
            condition = search.has_words(connection, query)
            if condition is None:
                return []
            index, rows = search.search_index, tables.transcriptions
            found = select(rows.c.id).join(index, rows.c.number == index.c.rowid).where(condition)
            return list(connection.scalars(found.order_by(rows.c.number)))


@pytest.fixture(name="saved", params=["sqlite", "postgresql"])
def _saved(request: pytest.FixtureRequest, tmp_path: Path, empty: Path) -> Iterator[SavedTranscriptions]:
    """A test of what is stored runs on both databases."""
    with ExitStack() as stack:
        url = stack.enter_context(postgres_url()) if request.param == "postgresql" else ""
        yield SavedTranscriptions(stack.enter_context(closing(open_database(data_folder(tmp_path, empty), url))))


@contextmanager
def postgres_url() -> Iterator[str]:
    """The URL of a database of the newest schema on a PostgreSQL server."""
    if reason := missing():
        pytest.skip(reason)
    with postgres_server().database(TEMPLATE) as url:
        yield url


@pytest.fixture(name="url")
def _url() -> Iterator[str]:
    with postgres_url() as url:
        yield url


@pytest.fixture(name="both")
def _both(tmp_path: Path, empty: Path, url: str) -> Iterator[list[SavedTranscriptions]]:
    """A database of each kind."""
    with ExitStack() as stack:
        opened = [open_database(data_folder(tmp_path, empty)), open_database(tmp_path, url)]
        yield [SavedTranscriptions(stack.enter_context(closing(database))) for database in opened]
