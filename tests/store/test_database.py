"""The database opens, migrates, survives, and reports plainly what is wrong with it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from app.domain.errors.setup import DatabaseDamaged, DatabaseLocked, DatabaseNewer, DatabaseNotOpened
from app.store import database as database_module
from app.store import tables
from app.store.database import Database
from app.store.migration import SCHEMA_VERSION
from app.store.queries import saved_lists, segments
from app.store.sqlite.database import SqliteDatabase
from app.store.sqlite.snapshot import copy_database, schema_of, verdict_of
from tests.databases import database_in

pytestmark = pytest.mark.sqlite("test_postgresql.py asks the same of the other")

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(name="database")
def _database(tmp_path: Path) -> Iterator[SqliteDatabase]:
    database = SqliteDatabase(tmp_path, busy_seconds=0.1)
    database.migrate()
    yield database
    database.close()


def test_commits_wait_for_the_disk(database: SqliteDatabase) -> None:
    with database.reading() as connection:
        settings = [
            connection.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous", "foreign_keys")
        ]

    full = 2
    assert settings == ["wal", full, 1]


def is_ours(_item: object, name: str | None, *_facts: object) -> bool:
    """SQLite keeps the indexes of words in tables of its own."""
    return not str(name).startswith(("search_index", "speaker_index"))


def test_the_migrations_make_the_tables_that_the_code_expects(database: SqliteDatabase) -> None:
    with database.reading() as connection:
        ours = MigrationContext.configure(connection, opts={"include_object": is_ours})
        differences = compare_metadata(ours, tables.metadata)

    assert differences == []


def test_the_newest_migration_is_the_one_that_a_start_checks_for() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(database_module.__file__).parent / "migrations"))

    assert ScriptDirectory.from_config(config).get_current_head() == SCHEMA_VERSION


OLD_SEGMENTS = (
    """
    INSERT INTO transcriptions (id, name, suffix, size_bytes, sha256, source, options, state, stage, created_at,
        queue_order, attempts, segments_total, segments_done, segments_failed, seconds_done, seconds_worked,
        text, text_raw, receipt, warnings, revision)
    VALUES ('a', 'a.wav', '.wav', 1, '', 'api', '{}', 'succeeded', 'finished', '2026-01-01', 1, 1, 1, 1, 0,
        1.0, 0.1, 'hello', 'hello', '[]', '[]', 1)
    """,
    """
    INSERT INTO segments (transcription_id, "index", start, "end", covers_seconds, state, text, text_raw, dropped,
        seconds_worked)
    VALUES ('a', 0, 0.0, 1.0, 1.0, 'done', 'hello', 'hello', '', 0.1)
    """,
)

START = """
import sys
from pathlib import Path
from app.store.sqlite.database import SqliteDatabase
SqliteDatabase(Path(sys.argv[1])).migrate()
print("alembic" in sys.modules)
"""


def start(folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", START, str(folder)]
    return subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)


def test_a_start_with_a_current_schema_does_not_load_alembic(tmp_path: Path) -> None:
    assert start(tmp_path).communicate()[0] == "True\n"
    assert start(tmp_path).communicate()[0] == "False\n"


def at_version(folder: Path, version: str, *statements: str) -> Database:
    """Return a database that an older version made, migrated by the present one."""
    config = Config()
    config.set_main_option("script_location", str(Path(database_module.__file__).parent / "migrations"))
    old = create_engine(f"sqlite:///{folder / 'app.db'}")
    with old.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, version)
        for statement in statements:
            connection.execute(text(statement))
    old.dispose()
    database = database_in(folder)
    database.migrate()
    return database


def test_saved_hotwords_keep_their_weights_when_a_colon_parts_them(tmp_path: Path) -> None:
    words = "转写\nConformer 30\nplay station 5 40.5\n315"
    database = at_version(
        tmp_path,
        "0012",
        f"INSERT INTO hotword_lists VALUES ('a', 'terms', '{words}', '2026-01-01', '2026-01-01')",  # noqa: S608
    )
    with database.reading() as connection:
        [kept] = saved_lists.everything(connection, "hotwords")
    database.close()

    assert kept["text"] == "转写\nConformer:30\nplay station 5:40.5\n315"


def test_segments_of_the_first_version_keep_their_text_and_have_no_words(tmp_path: Path) -> None:
    database = at_version(tmp_path, "0001", *OLD_SEGMENTS)
    with database.reading() as connection:
        [segment] = segments.of(connection, "a", with_words=True)
        [bare] = segments.of(connection, "a")
    database.close()

    assert (segment["text"], segment["words"]) == ("hello", [])
    assert "words" not in bare


def test_processes_that_start_together_migrate_once(tmp_path: Path) -> None:
    processes = [start(tmp_path) for _ in range(3)]
    for process in processes:
        process.communicate()

    assert [process.returncode for process in processes] == [0, 0, 0]


def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "app.db").write_bytes(b"a letter to my aunt " * 100)
    with pytest.raises(DatabaseDamaged, match="not a database"):
        SqliteDatabase(tmp_path).migrate()

    assert (tmp_path / "app.db").read_bytes().startswith(b"a letter")


def test_a_database_of_a_newer_version_is_refused(tmp_path: Path, database: SqliteDatabase) -> None:
    with closing(sqlite3.connect(database.file)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(DatabaseNewer, match="newer version"):
        SqliteDatabase(tmp_path).migrate()


def test_a_writer_that_waits_too_long_says_so(database: SqliteDatabase) -> None:
    with database.writing(), pytest.raises(DatabaseLocked, match="Another program holds"), database.writing():
        pass


def test_readers_do_not_wait_for_a_writer(database: SqliteDatabase) -> None:
    with database.writing() as writer:
        writer.execute(text("UPDATE revisions SET current = 7"))
        with database.reading() as reader:
            assert reader.scalar(text("SELECT current FROM revisions")) == 0


def test_an_exception_undoes_the_whole_change(database: SqliteDatabase) -> None:
    with pytest.raises(ZeroDivisionError), database.writing() as connection:  # noqa: PT012 - one story
        connection.execute(text("UPDATE revisions SET current = 7"))
        1 / 0  # noqa: B018

    with database.reading() as connection:
        assert connection.scalar(text("SELECT current FROM revisions")) == 0


def test_a_database_that_may_not_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "app.db").mkdir()
    with pytest.raises(DatabaseNotOpened, match="cannot be opened or written") as refused:
        SqliteDatabase(tmp_path).migrate()
    assert "this user may write" in refused.value.problem.explained()["advice"]


@pytest.mark.parametrize("name", ["what?mode=memory", "100%41", "a#b", "my data", "会议?"])
def test_a_folder_is_the_one_that_its_name_says(tmp_path: Path, name: str) -> None:
    database = SqliteDatabase(tmp_path / name)
    database.migrate()
    copy_database(database.file, tmp_path / "copy.db")
    database.close()

    assert (tmp_path / name / "app.db").stat().st_size > 0
    assert (verdict_of(database.file), schema_of(database.file)) == ("ok", SCHEMA_VERSION)
    assert schema_of(tmp_path / "copy.db") == SCHEMA_VERSION
    assert {path.name for path in tmp_path.iterdir()} == {name, "copy.db"}
