"""A database, and rows to insert."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.domain.options import TranscriptionOptions
from app.store.database import Connection, Database
from app.store.queries import search, transcriptions
from tests.conftest import data_folder

BEGIN = datetime(2026, 11, 1, 12, tzinfo=UTC)


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
        expression = search.match(query)
        if expression is None:
            return []
        with self.database.reading() as connection:
            sql = (
                "SELECT id FROM search_index JOIN transcriptions ON number = search_index.rowid "
                "WHERE search_index MATCH ? ORDER BY number"
            )
            return [id for (id,) in connection.exec_driver_sql(sql, (expression,))]


@pytest.fixture(name="saved")
def _saved(tmp_path: Path, empty: Path) -> Iterator[SavedTranscriptions]:
    database = Database(data_folder(tmp_path, empty))
    yield SavedTranscriptions(database)
    database.close()
