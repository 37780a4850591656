"""A moved or replaced database is detected and gets no more writes, and a migration keeps a copy."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from app.domain.errors.setup import DatabasePartRemoved, DatabaseReplaced
from app.store.migration import SCHEMA_VERSION
from app.store.queries import saved_lists
from app.store.sqlite.database import SqliteDatabase
from app.store.sqlite.snapshot import forget_in_copies, recordings_of, schema_of, verdict_of
from tests.conftest import REPOSITORY

pytestmark = pytest.mark.sqlite("watches the file")


def moved(file: Path) -> None:
    file.rename(file.with_name("elsewhere.db"))


def removed(file: Path) -> None:
    file.unlink()


def replaced(file: Path) -> None:
    file.with_name("other.db").write_bytes(file.read_bytes())
    file.with_name("other.db").replace(file)


@pytest.mark.parametrize("happens", [moved, removed, replaced])
def test_a_database_that_was_moved_takes_nothing_in(tmp_path: Path, happens: Callable[[Path], None]) -> None:
    with closing(SqliteDatabase(tmp_path)) as database:
        database.migrate()
        with database.writing():
            pass
        happens(database.file)

        with pytest.raises(DatabaseReplaced), database.writing():
            pass
        with pytest.raises(DatabaseReplaced), database.reading():
            pass
        assert database.file.exists() == (happens is replaced)


def test_what_was_put_back_goes_on(tmp_path: Path) -> None:
    with closing(SqliteDatabase(tmp_path)) as database:
        database.migrate()
        moved(database.file)
        database.file.with_name("elsewhere.db").rename(database.file)

        with database.writing():
            pass


@pytest.mark.parametrize("part", ["app.db-wal", "app.db-shm"])
@pytest.mark.parametrize("replaces", [False, True], ids=["removed", "replaced"])
def test_a_part_that_was_removed_is_noticed(tmp_path: Path, part: str, replaces: bool) -> None:
    with closing(SqliteDatabase(tmp_path)) as database:
        database.migrate()
        (tmp_path / part).unlink()
        if replaces:
            (tmp_path / part).touch()

        for attempt in (database.writing, database.reading):
            with pytest.raises(DatabasePartRemoved, match=part), attempt():
                pass


REMOVED_AND_KILLED = """
import os, signal, sys
from pathlib import Path
from app.domain.errors.setup import DatabasePartRemoved
from app.store.sqlite.database import SqliteDatabase
from app.store.queries import saved_lists
from datetime import UTC, datetime

folder, now = Path(sys.argv[1]), datetime.now(UTC)
database = SqliteDatabase(folder)
database.migrate()
with database.writing() as connection:
    saved_lists.add(connection, kind="hotwords", id="a", name="kept", text="x", created_at=now, updated_at=now)
(folder / "app.db-wal").unlink()
try:
    with database.writing():
        pass
except DatabasePartRemoved:
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_was_stored_before_the_log_was_removed_is_rescued(tmp_path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", REMOVED_AND_KILLED, str(tmp_path)], cwd=REPOSITORY, check=False)
    assert ended.returncode == -signal.SIGKILL

    with closing(SqliteDatabase(tmp_path)) as database:
        database.migrate()
        with database.reading() as connection:
            assert [row["name"] for row in saved_lists.everything(connection, "hotwords")] == ["kept"]


def test_the_log_stays_when_another_process_closes_the_database(tmp_path: Path) -> None:
    with closing(SqliteDatabase(tmp_path)) as database:
        database.migrate()
        other = "from app.store.sqlite.database import SqliteDatabase; from pathlib import Path; import sys; d = SqliteDatabase(Path(sys.argv[1])); d.migrate(); d.close()"
        subprocess.run([sys.executable, "-c", other, str(tmp_path)], cwd=REPOSITORY, check=True)
        with closing(SqliteDatabase(tmp_path)) as second:
            second.migrate()
        subprocess.run([sys.executable, "-c", other, str(tmp_path)], cwd=REPOSITORY, check=True)

        with database.writing():
            pass


def older(folder: Path, schema: str) -> None:
    with closing(SqliteDatabase(folder)) as database:
        database.migrate()
    with closing(sqlite3.connect(folder / "app.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (schema,))


def test_a_copy_is_kept_before_a_migration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    older(tmp_path, "0012")
    (tmp_path / "before-migration-0009.db").touch()
    monkeypatch.setattr(SqliteDatabase, "_upgrade", lambda _self: None)
    with closing(SqliteDatabase(tmp_path)) as database:
        database.migrate()

    assert [path.name for path in tmp_path.glob("before-*")] == ["before-migration-0012.db"]
    copy = tmp_path / "before-migration-0012.db"
    assert (schema_of(copy), verdict_of(copy), copy.stat().st_mode & 0o777) == ("0012", "ok", 0o600)


def test_a_current_database_is_not_copied(tmp_path: Path) -> None:
    older(tmp_path, SCHEMA_VERSION)
    with closing(SqliteDatabase(tmp_path)) as database:
        database.migrate()

    assert not list(tmp_path.glob("before-*"))


def test_what_is_deleted_for_good_leaves_every_copy(tmp_path: Path) -> None:
    for copy in (tmp_path / "before-migration-0012.db", tmp_path / "before-restore-1" / "app.db"):
        copy.parent.mkdir(exist_ok=True)
        with closing(sqlite3.connect(copy)) as connection, connection:
            connection.execute("CREATE TABLE transcriptions (id TEXT, created_at TEXT)")
            connection.executemany("INSERT INTO transcriptions VALUES (?, '')", [("gone",), ("kept",)])
        forget_in_copies(tmp_path, "gone")

        assert recordings_of(copy) == ["kept"]


def test_nobody_else_may_read_the_data(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)
    (folder / "app.db").touch(0o644)
    with closing(SqliteDatabase(folder)) as database:
        database.migrate()
        with database.writing():
            pass
        modes = {path.name: path.stat().st_mode & 0o077 for path in (folder, *folder.iterdir())}

    assert set(modes.values()) == {0}, modes
