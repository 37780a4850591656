"""Everything of an SQLite database arrives in PostgreSQL, also after a break, and nothing else is touched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from app.cli.migrate_database import migrate_database
from app.domain.errors.requests import InvalidParameter
from app.domain.errors.setup import DatabaseUnsuited, DataBeingRestored, TargetNotEmpty, TransferDiffers
from app.settings import Settings
from app.store import transfer as transfer_module
from app.store.database import open_database
from app.store.postgresql import loading
from app.store.postgresql.database import PostgresDatabase
from app.store.queries import audit, segments, transcriptions, webhooks
from app.store.tables import history_totals, metadata
from app.store.transfer import transfer
from tests.conftest import data_folder
from tests.databases import VARIABLE, postgres_server
from tests.store.conftest import BEGIN, SavedTranscriptions, postgres_url
from tests.store.test_speaker_search import found, spoken

ROWS = 25


@pytest.fixture(name="folder")
def _folder(tmp_path: Path, empty: Path) -> Path:
    """A data folder with something of most kinds."""
    folder = data_folder(tmp_path / "data", empty)
    with closing(open_database(folder)) as database:
        saved = SavedTranscriptions(database)
        with database.writing() as connection:
            webhooks.add(connection, id="w", url="http://x", events=["e"], secret="s", created_at=BEGIN)
            for number in range(ROWS):
                id = saved.add(f"会议 budget {number} é\0", state="running", connection=connection)
                segment = {"index": 0, "start": 0.1, "end": 1 / 3, "covers_seconds": 1e-9, "text": "会议"}
                segments.add(connection, id, [segment | {"words": [["会", 0.1, 0.2, 0.9, ""]]}])
                transcriptions.change(connection, id, state="succeeded", recording={"a": "\0", "b": None})
            audit.add(connection, at=BEGIN, person_name="a", address="b", action="c", thing="d", status=200)
        spoken(saved, {1: "Wang", 2: "李"})
    return folder


@pytest.fixture(name="target")
def _target() -> Iterator[str]:
    """The URL of an empty database."""
    with postgres_url(), postgres_server().database() as url:
        yield url


def content(folder: Path, url: str = "") -> dict[str, Any]:
    """All rows of all tables."""
    with closing(open_database(folder, url)) as database, database.reading() as connection:
        return {
            table.name: sorted(repr(row).replace("\\x00", "�") for row in connection.execute(select(table)))
            for table in metadata.sorted_tables
        }


def test_everything_arrives(folder: Path, target: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert migrate_database(Settings(), f"sqlite:///{folder}/app.db", target) == 0

    assert content(folder, target) == content(folder)
    assert f"transcriptions: {ROWS + 1} rows" in capsys.readouterr().out
    with closing(open_database(folder, target)) as database:
        database.migrate()
        saved = SavedTranscriptions(database, ROWS + 1)
        assert len(saved.found("budget")) == ROWS + 1
        assert len(found(saved, "李", "budget")) == 1
        with database.writing() as connection:  # numbers go on, and the triggers count again
            audit.add(connection, at=BEGIN, person_name="a", address="b", action="c", thing="d", status=200)
            saved.add(connection=connection)
            assert sum(connection.scalars(select(history_totals.c.count))) == ROWS + 2


def test_after_a_break_it_goes_on(folder: Path, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer_module, "AT_ONCE", 10)
    told: list[str] = []

    def break_off(table: str, _rows: int) -> None:
        told.append(table)
        if table == "transcriptions":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        transfer(folder, target, break_off)
    with pytest.raises(DatabaseUnsuited, match="not finished"), closing(open_database(folder, target)) as database:
        database.migrate()
    transfer(folder, target, lambda _table, _rows: None)

    assert content(folder, target) == content(folder)


def test_a_break_while_indexes_are_made_leaves_none_out(
    folder: Path, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_one, made = loading._restore_one, 0

    def break_off(database: PostgresDatabase) -> bool:
        nonlocal made
        made += 1
        if made == 5:
            raise KeyboardInterrupt
        return make_one(database)

    monkeypatch.setattr(loading, "_restore_one", break_off)
    with pytest.raises(KeyboardInterrupt):
        transfer(folder, target, lambda _table, _rows: None)
    transfer(folder, target, lambda _table, _rows: None)

    with postgres_url() as fresh:
        assert indexes_and_keys(target) == indexes_and_keys(fresh)


def indexes_and_keys(url: str) -> list[str]:
    server, name = postgres_server(), url.split("/")[3].split("?", maxsplit=1)[0]
    indexes = server.execute("SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'", name)
    keys = "SELECT conrelid::regclass || conname || pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid != 0"
    return sorted(line for (line,) in [*indexes, *server.execute(keys, name)])


def test_a_target_with_something_else_is_refused(folder: Path, target: str, tmp_path: Path, empty: Path) -> None:
    transfer(folder, target, lambda _table, _rows: None)

    with pytest.raises(TargetNotEmpty):
        transfer(folder, target, lambda _table, _rows: None)
    assert content(folder, target) == content(folder)


def test_what_arrives_otherwise_is_noticed(folder: Path, target: str) -> None:
    def spoil(table: str, _rows: int) -> None:
        if table == "speaker_index":
            with closing(open_database(folder, target)) as database, database.writing() as connection:
                rows = metadata.tables["segments"]
                connection.execute(update(rows).values(text="别的"))

    with pytest.raises(TransferDiffers, match="segments"):
        transfer(folder, target, spoil)


@pytest.mark.parametrize(
    "change", ['UPDATE segments SET "end" = 0.33333333333333337', "UPDATE transcriptions SET recording = NULL"]
)
def test_the_smallest_difference_is_noticed(folder: Path, target: str, change: str) -> None:
    def spoil(table: str, _rows: int) -> None:
        if table == "speaker_index":
            postgres_server().execute(change, target.split("/")[3].split("?", maxsplit=1)[0])

    with pytest.raises(TransferDiffers, match=change.split()[1]):
        transfer(folder, target, spoil)


def test_a_source_in_use_is_left_alone(folder: Path, target: str) -> None:
    with closing(open_database(folder)) as database:
        database.migrate()
        with pytest.raises(DataBeingRestored):
            transfer(folder, target, lambda _table, _rows: None)


@pytest.mark.parametrize(("source", "url"), [("/nowhere/app.db", "postgresql://x/y"), ("", "")])
def test_without_a_source_and_a_target_nothing_begins(
    source: str, url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(InvalidParameter):
        migrate_database(Settings(), source or str(folder), url)
