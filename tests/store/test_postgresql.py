"""PostgreSQL stores and finds what SQLite does, and says plainly what is wrong with the server."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect, select

from app.domain.errors.backup import DatabaseOnServer
from app.domain.errors.base import AppError
from app.domain.errors.requests import InvalidParameter
from app.domain.errors.setup import (
    DatabaseLocked,
    DatabaseNewer,
    DatabaseReadOnly,
    DatabaseRefused,
    DatabaseUnreachable,
    DatabaseUnsuited,
    DatabaseUrlInvalid,
)
from app.engine import EngineSpec
from app.services.retry import until_stored
from app.store import tables
from app.store.database import Database, open_database
from app.store.migration import SCHEMA_VERSION
from app.store.postgresql.words import fold
from app.store.queries import batch_items, batches, saved_lists, transcriptions, trash, webhooks
from app.support.backup import Places, back_up, restore
from app.support.doctor import Status, examine_database
from app.support.doctor.check import Subject
from tests.conftest import REPOSITORY
from tests.databases import PostgresServer, postgres_server
from tests.store.conftest import BEGIN, SavedTranscriptions, postgres_url
from tests.waiting import wait_until

WORDS = [
    "会议",
    "会议室",
    "预算",
    "讨论",
    "budget",
    "budgets",
    "Plan",
    "plan",
    "3楼",
    "100",
    "café",
    "naïve",
    "室",
    "的",
]
QUERIES = [
    *(
        "会议",
        "会议室",
        "会",
        "室",
        "议室讨论",
        "的",
        "3楼",
        "10",
        "100",
        "b",
        "bu",
        "budg",
        "budgets",
        "plan",
        "PLAN b",
    ),
    *(
        "cafe",
        "CAFÉ",
        "naive",
        '"budget plan"',
        '"plan 会议"',
        "会议 预算",
        "预算 bud",
        "会议室 的",
        "楼会议",
        "zzz",
        "x",
    ),
]


def test_both_find_the_same_in_the_same_order(both: list[SavedTranscriptions]) -> None:
    chance = random.Random(5)
    texts = ["".join(chance.choice(["", " "]) + chance.choice(WORDS) for _ in range(8)) for _ in range(150)]
    for saved in both:
        with saved.database.writing() as connection:
            for text in texts:
                saved.add(text, name=f"{text[:5]}.wav", connection=connection)

    found = {query: [saved.found(query) for saved in both] for query in QUERIES}
    assert all(here == there for here, there in found.values()), found
    assert sum(bool(here) for here, _ in found.values()) > len(QUERIES) / 2


def test_every_letter_is_folded_as_sqlite_folds_it() -> None:
    """But for letters younger than SQLite's tables, which it leaves as they are."""
    letters = [chr(code) for code in range(0x20000) if not 0xD800 <= code < 0xE000 and chr(code).isalpha()]
    letters = [letter for letter in letters if unicodedata.normalize("NFKC", letter) == letter]
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE VIRTUAL TABLE t USING fts5(x, tokenize = 'unicode61 remove_diacritics 2')")
        connection.execute("CREATE VIRTUAL TABLE v USING fts5vocab(t, instance)")
        connection.executemany("INSERT INTO t (rowid, x) VALUES (?, ?)", [(ord(each), each) for each in letters])
        theirs = {chr(code): term for term, code in connection.execute("SELECT term, doc FROM v")}

    assert len(theirs) > 50_000
    assert [each for each, term in theirs.items() if term not in (each, fold(each))] == ["Ǡ"]


def test_a_text_of_more_words_than_an_entry_holds_is_found(both: list[SavedTranscriptions]) -> None:
    chance = random.Random(7)
    rich = "".join(chr(chance.randint(0x4E00, 0x9FFF)) for _ in range(110_000))
    ids = [saved.add(rich + "结尾的会议室") for saved in both]
    for saved, id in zip(both, ids, strict=True):
        saved.add("会议室")
        assert saved.found(rich[70_000:70_003]) == [id]
        assert saved.found("结尾的会议室") == [id]
        assert saved.found("结尾 会议") == [id]
        assert saved.found("结尾的室") == []


def test_words_far_into_a_long_text_are_a_phrase(both: list[SavedTranscriptions]) -> None:
    for saved in both:
        id = saved.add("word and again " * 20_000 + "the last budget plan")
        saved.add("last the budget plan")
        assert saved.found('"the last budget plan"') == [id]


def test_both_have_the_same_columns(both: list[SavedTranscriptions]) -> None:
    here, there = map(columns_of, both)

    assert here == there


def columns_of(saved: SavedTranscriptions) -> dict[str, Any]:
    """The columns of each table, and which of them may be null."""
    with saved.database.reading() as connection:
        seen = inspect(connection)
        names = [name for name in seen.get_table_names() if not name.startswith(("search_index", "speaker_index"))]
        return {
            name: {
                column["name"]: column["nullable"] or column["name"] in keys(seen, name)
                for column in seen.get_columns(name)
            }
            for name in sorted(names)
        }


def keys(seen: Any, table: str) -> list[str]:
    """SQLite calls some columns of primary keys nullable."""
    return list(seen.get_pk_constraint(table)["constrained_columns"])


def test_an_index_of_some_rows_is_one_of_the_same_rows(both: list[SavedTranscriptions]) -> None:
    """The planner uses it only for conditions that it recognises."""
    _, saved = both
    with saved.database.reading() as connection:
        found = connection.exec_driver_sql(
            "SELECT indexdef FROM pg_indexes WHERE indexdef LIKE '%% WHERE %%'"
        ).scalars()
        told = {line.split(" WHERE ")[1] for line in found}

    assert "((deleted_at IS NULL) AND (delete_requested IS FALSE))" in told
    assert len(told) == len(
        {
            str(where)
            for table in tables.metadata.tables.values()
            for where in map(condition_of, table.indexes)
            if where is not None
        }
    )


def condition_of(index: Any) -> Any:
    return index.dialect_options["sqlite"]["where"]


def test_a_start_without_a_server_loads_nothing_of_postgresql() -> None:
    code = "import sys, app.main, app.cli.main; print([name for name in sys.modules if 'psycopg' in name or 'dialects.postgresql' in name])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPOSITORY)

    assert told.stdout == "[]\n"


def test_both_count_and_note_the_same(both: list[SavedTranscriptions]) -> None:
    here, there = map(changed_at_random, both)

    assert here == there
    assert all(here.values())


def changed_at_random(saved: SavedTranscriptions) -> dict[str, Any]:
    """Change rows in all ways that triggers follow; return what the triggers have written."""
    chance = random.Random(11)
    with saved.database.writing() as connection:
        webhooks.add(connection, id="w", url="http://x", events=[], secret="s", created_at=BEGIN)
        options: dict[str, Any] = {"id": "b", "name": "b", "created_at": BEGIN, "options": {}, "wish": "work"}
        batches.add(connection, options)
        ids = [
            saved.add(connection=connection, state=chance.choice(["queued", "running", "failed"])) for _ in range(30)
        ]
        item = {"size_bytes": 7, "state": "queued", "updated_at": BEGIN, "received_bytes": 7}
        rows = [item | {"id": f"i{id}", "name": id, "transcription_id": id} for id in ids[:20]]
        batch_items.add(connection, "b", rows)
    for _ in range(80):
        with saved.database.writing() as connection:
            id = chance.choice(ids)
            state, language = chance.choice(["queued", "running", "succeeded", "failed"]), chance.choice([None, "zh"])
            values = {"state": state, "language": language, "duration": chance.choice([None, 2.0, 3.5])}
            transcriptions.change(connection, id, **values, seconds_done=chance.choice([0.0, 1.0]))
            if chance.random() < 0.2:
                trash.hide(connection, [chance.choice(ids)], BEGIN)
            if chance.random() < 0.1:
                trash.give_up(connection, ids)
            if chance.random() < 0.05:
                transcriptions.remove(connection, chance.choice(ids))
    with saved.database.reading() as connection:
        return {
            "history": rows_of(connection, tables.history_totals),
            "batch": rows_of(connection, tables.batch_totals),
            "notes": rows_of(connection, tables.webhook_notes, "at"),
            "items": rows_of(connection, tables.batch_items),
            "batches": rows_of(connection, tables.batches),
        }


def rows_of(connection: Any, table: Any, but: str = "") -> list[Any]:
    columns = [column for column in table.c if column.name != but]
    return sorted(map(repr, connection.execute(select(*columns)).all()))


def test_no_two_workers_get_the_same_job(url: str, tmp_path: Path) -> None:
    with closing(open_database(tmp_path, url)) as database:
        saved = SavedTranscriptions(database)
        ids = {saved.add(state="queued") for _ in range(40)}
        claimed: list[str] = []

        def work(name: str) -> None:
            while True:
                with database.writing() as connection:
                    row = transcriptions.claim(connection, name, datetime.now(UTC))
                if row is None:
                    return
                claimed.append(row["id"])

        threads = [threading.Thread(target=work, args=(f"w{number}",)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert sorted(claimed) == sorted(ids)


def test_what_a_writer_has_read_stays_until_it_has_written(url: str, tmp_path: Path) -> None:
    with closing(open_database(tmp_path, url)) as database:

        def count() -> None:
            for _ in range(25):
                with database.writing() as connection:
                    before = transcriptions.current_revision(connection)
                    connection.execute(tables.revisions.update().values(current=before + 1))

        threads = [threading.Thread(target=count) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with database.reading() as connection:
            assert transcriptions.current_revision(connection) == 100


def test_a_reader_sees_one_moment_and_changes_nothing(url: str, tmp_path: Path) -> None:
    with closing(open_database(tmp_path, url)) as database:
        with database.reading() as reader:
            before = transcriptions.current_revision(reader)
            with database.writing() as writer:
                transcriptions.next_revision(writer)
            assert transcriptions.current_revision(reader) == before
        with pytest.raises(DatabaseReadOnly), database.reading() as reader:
            transcriptions.next_revision(reader)


def test_a_writer_that_waits_too_long_says_so(url: str, tmp_path: Path) -> None:
    with (
        closing(open_database(tmp_path, url, busy_seconds=0.1)) as database,
        database.writing(),
        pytest.raises(DatabaseLocked),
        database.writing(),
    ):
        pass


@pytest.mark.parametrize(
    ("text", "told"), [("a\0b", "a character of code 0"), ("a\ud800b", "half of a character")], ids=["nul", "half"]
)
def test_what_postgresql_cannot_store_is_told(url: str, tmp_path: Path, text: str, told: str) -> None:
    values = {"id": "a", "kind": "hotwords", "name": text, "text": "", "created_at": BEGIN, "updated_at": BEGIN}
    with (
        closing(open_database(tmp_path, url)) as database,
        pytest.raises(InvalidParameter, match=told),
        database.writing() as connection,
    ):
        saved_lists.add(connection, **values)


@pytest.mark.parametrize(
    ("url", "error", "told"),
    [
        ("postgresql://u:secret@127.0.0.1:1/x", DatabaseUnreachable, "refused"),
        ("postgresql://u:secret@no.such.host.invalid/x", DatabaseUnreachable, "no.such.host.invalid"),
        ("mysql://u:secret@h/x", DatabaseUrlInvalid, "postgresql://"),
        ("postgresql://u:secret@h", DatabaseUrlInvalid, "name of the database"),
        ("secret", DatabaseUrlInvalid, "no URL"),
        ("postgresql://u:secret@h:port/x", DatabaseUrlInvalid, "no URL"),
    ],
)
def test_a_wrong_url_is_told_without_its_password(tmp_path: Path, url: str, error: type[AppError], told: str) -> None:
    with pytest.raises(error, match=told) as raised:
        migrated(tmp_path, url)

    assert "secret" not in str(raised.value)
    assert "secret" not in str(raised.value.params)


def migrated(folder: Path, url: str) -> None:
    with closing(open_database(folder, url)) as database:
        database.migrate()


def test_a_database_that_is_not_there_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(DatabaseRefused, match="does not exist"):
        migrated(tmp_path, url.replace("/test_", "/no_"))


def test_a_database_of_another_encoding_or_a_newer_version_is_refused(url: str, tmp_path: Path) -> None:
    server = postgres_server()
    server.execute("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    server.execute("UPDATE alembic_version SET version_num = '9999'", url.split("/")[3].split("?", maxsplit=1)[0])

    with pytest.raises(DatabaseUnsuited, match="encoding"):
        migrated(tmp_path, server.url("latin"))
    with pytest.raises(DatabaseNewer):
        migrated(tmp_path, url)


def test_processes_that_start_together_make_one_schema(tmp_path: Path) -> None:
    with postgres_server().database() as url:
        problems: list[BaseException] = []

        def start() -> None:
            try:
                migrated(tmp_path, url)
            except BaseException as error:  # noqa: BLE001 - told below
                problems.append(error)

        threads = [threading.Thread(target=start) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert problems == []


@pytest.fixture(name="own_server")
def _own_server() -> Iterator[PostgresServer]:
    """A server that a test may stop."""
    with postgres_url():
        server = PostgresServer()
        yield server
        server.remove()


def test_work_goes_on_after_the_server_was_restarted(own_server: PostgresServer, tmp_path: Path) -> None:
    with own_server.database() as url, closing(open_database(tmp_path, url)) as database:
        database.migrate()
        saved = SavedTranscriptions(database)
        first = saved.add("会议")
        own_server.stop()
        with pytest.raises(DatabaseUnreachable), database.reading():
            pass
        waits: list[AppError] = []

        def on_wait(error: AppError, _seconds: float) -> None:
            waits.append(error)
            if len(waits) == 1:
                own_server.start()

        second = until_stored(lambda: saved.add("会议"), threading.Event(), on_wait)

        assert saved.found("会议") == [first, second]
        own_server.stop()
        own_server.start()
        assert saved.found("会议") == [first, second]  # without a failure: stale connections are noticed


def test_a_transaction_that_loses_its_server_changes_nothing(own_server: PostgresServer, tmp_path: Path) -> None:
    with own_server.database() as url, closing(open_database(tmp_path, url)) as database:
        database.migrate()

        def lose_it() -> None:
            with database.writing() as connection:
                transcriptions.next_revision(connection)
                own_server.stop()
                transcriptions.next_revision(connection)

        with pytest.raises(DatabaseUnreachable):
            lose_it()
        own_server.start()
        assert revision(database) == 0


def revision(database: Database) -> int:
    with database.reading() as connection:
        return transcriptions.current_revision(connection)


def test_a_full_disk_of_the_server_has_its_own_advice() -> None:
    from psycopg.errors import DiskFull, ReadOnlySqlTransaction, TooManyConnections

    from app.store.postgresql.errors import database_error

    told = [database_error(error("x"), "db").code for error in (DiskFull, ReadOnlySqlTransaction, TooManyConnections)]
    assert told == ["database_server_full", "database_read_only", "database_unreachable"]


def test_it_says_what_it_is(both: list[SavedTranscriptions]) -> None:
    told = [saved.database.facts() for saved in both]

    assert [facts.product for facts in told] == ["SQLite", "PostgreSQL"]
    assert all(facts.size_bytes > 100_000 and facts.version[0].isdigit() for facts in told)


def test_the_doctor_looks_at_the_server(url: str, tmp_path: Path) -> None:
    subject = Subject(EngineSpec(tmp_path), tmp_path, tmp_path, database_url=url)

    assert [(check.id, check.status) for check in examine_database(subject)] == [
        ("database", Status.OK),
        ("schema", Status.OK),
        ("database_clock", Status.OK),
    ]
    assert "secret" not in repr(replace(subject, database_url="postgresql://u:secret@127.0.0.1:1/x"))
    [check] = examine_database(replace(subject, database_url="postgresql://u:secret@127.0.0.1:1/x"))
    assert (check.id, check.status) == ("database", Status.FAILURE)
    assert "secret" not in check.explained()["fact"]


def test_a_backup_says_that_the_database_is_elsewhere(tmp_path: Path) -> None:
    places = Places(tmp_path, tmp_path, is_on_server=True)
    with pytest.raises(DatabaseOnServer):
        back_up(places, tmp_path / "b.zip", recordings=False)
    with pytest.raises(DatabaseOnServer):
        restore(tmp_path / "b.zip", places)
    assert list(tmp_path.iterdir()) == []


def test_a_process_is_told_what_another_changes(url: str, tmp_path: Path) -> None:
    queued = threading.Event()
    with closing(open_database(tmp_path, url)) as here, closing(open_database(tmp_path, url)) as there:
        saved = SavedTranscriptions(there)
        with here.listening(queued.set):
            wait_until(lambda: here.told_revision is not None)
            queued.clear()
            saved.add()
            wait_until(lambda: here.told_revision == revision(there))
            assert not queued.is_set()
            saved.add(state="queued")
            assert queued.wait(5)
        assert here.told_revision is None


def test_a_listener_hears_again_after_a_restart(own_server: PostgresServer, tmp_path: Path) -> None:
    with own_server.database() as url, closing(open_database(tmp_path, url)) as database:
        database.migrate()
        with database.listening(lambda: None):
            wait_until(lambda: database.told_revision == 0)
            own_server.stop()
            wait_until(lambda: database.told_revision is None)
            own_server.start()
            with database.writing() as connection:
                transcriptions.next_revision(connection)
            wait_until(lambda: database.told_revision == 1)


def test_a_database_of_an_older_version_is_migrated(url: str, tmp_path: Path) -> None:
    server, name = postgres_server(), url.split("/")[3].split("?", maxsplit=1)[0]
    for table in ("batch_items", "live_sessions"):
        server.execute(f"ALTER TABLE {table} DROP COLUMN fence", name)
    server.execute("ALTER TABLE transcriptions DROP COLUMN waits_for", name)
    server.execute("UPDATE alembic_version SET version_num = '0027'", name)
    migrated(tmp_path, url)

    assert server.execute("SELECT version_num FROM alembic_version", name) == [(SCHEMA_VERSION,)]
    assert server.execute("SELECT fence FROM batch_items", name) == []
    assert server.execute("SELECT waits_for FROM transcriptions", name) == []


def test_long_texts_of_the_index_are_compressed_for_reading(url: str) -> None:
    server, name = postgres_server(), url.split("/")[3].split("?", maxsplit=1)[0]
    compressed = "SELECT attname FROM pg_attribute WHERE attcompression = 'l' AND attrelid = 'search_index'::regclass"
    can = "SELECT 'lz4' = ANY(enumvals) FROM pg_settings WHERE name = 'default_toast_compression'"

    expected = [("content",), ("words",)] if server.execute(can) == [(True,)] else []
    assert server.execute(compressed, name) == expected
