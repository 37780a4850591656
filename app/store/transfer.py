"""Carries the content of an SQLite database over to an empty PostgreSQL database: resumable, and compared at the end.

Tables go one after the other, in portions in the order of their primary keys, by COPY; indexes are made afterwards. How far
it has come is kept in the target, in the transaction of each portion; until everything is compared, no server opens the
target.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, func, select

from app.domain.errors.setup import TargetNotEmpty, TransferDiffers
from app.store.checksums import checksum_of, stored_checksum
from app.store.postgresql import words
from app.store.postgresql.database import PostgresDatabase
from app.store.postgresql.loading import copy_rows, restore_indexes, set_indexes_aside
from app.store.postgresql.schema import PROGRESS, is_unfinished
from app.store.sqlite.database import DATABASE_NAME, SqliteDatabase, alone_in
from app.store.stored_values import Values, stored_values
from app.store.tables import metadata, revisions

AT_ONCE = 10_000  # rows
_TABLES = [table for table in metadata.sorted_tables if table is not revisions]

Told = Callable[[str, int], None]
"""Gets the name of a finished table and its rows."""


@dataclass(frozen=True, slots=True)
class Source:
    """Rows of the SQLite database, and how they are written into a table of the same name."""

    name: str
    keys: tuple[str, ...]
    columns: tuple[str, ...]
    written: tuple[str, ...]
    """The columns in PostgreSQL."""
    converted: Callable[[Values], Values]

    def rows(self, reading: sqlite3.Connection, last: Sequence[Any] | None = None, limit: int = -1) -> Iterator[Values]:
        """Yield the rows after a key in the order of their keys."""
        keys = _listed(self.keys)
        after = f"WHERE ({keys}) > ({', '.join('?' * len(self.keys))})" if last is not None else ""
        query = f'SELECT {_listed(self.columns)} FROM "{self.name}" {after} ORDER BY {keys} LIMIT {limit}'  # noqa: S608
        yield from reading.execute(query, last or ())


def transfer(folder: Path, url: str, told: Told) -> None:
    """Copy the database in `folder` to the one at `url`, or go on with it.

    Raises:
        DataBeingRestored: something uses the folder.
        TargetNotEmpty: the target holds something else.
        TransferDiffers: what arrived is not what was sent.
        DatabaseUnusable
    """
    with closing(SqliteDatabase(folder)) as source:
        source.migrate()
    with (
        alone_in(folder),
        closing(PostgresDatabase(folder, url)) as target,
        closing(sqlite3.connect(folder / DATABASE_NAME)) as reading,
    ):
        _begin(target, str(folder.absolute()))
        _copy_everything(reading, target, told)
        restore_indexes(target)
        _compare(reading, target)
        _finish(target)


def _begin(target: PostgresDatabase, source: str) -> None:
    """Note in the target that it is being filled from this source.

    Raises:
        TargetNotEmpty
    """
    target.make_schema()
    with target.writing() as connection:
        if is_unfinished(connection):
            begun = connection.exec_driver_sql(f"SELECT DISTINCT source FROM {PROGRESS}").scalars().all()  # noqa: S608
            if begun != [source]:
                raise TargetNotEmpty(file=target.name)
            return
        if any(connection.execute(select(table).limit(1)).first() for table in _TABLES):
            raise TargetNotEmpty(file=target.name)
        connection.exec_driver_sql(
            f"CREATE TABLE {PROGRESS} (name text PRIMARY KEY, source text, last json, is_done boolean NOT NULL)"
        )
        query = f"INSERT INTO {PROGRESS} VALUES (%s, %s, NULL, false)"  # noqa: S608 - a name of ours
        for each in _SOURCES:
            connection.exec_driver_sql(query, (each.name, source))
        set_indexes_aside(connection)


def _copy_everything(reading: sqlite3.Connection, target: PostgresDatabase, told: Told) -> None:
    for source in _SOURCES:
        _copy(reading, target, source, told)
    with target.writing() as connection:
        current = reading.execute("SELECT current FROM revisions").fetchone()[0]
        connection.execute(revisions.update().values(current=current))
        for table in _TABLES:
            _set_sequence(connection, table)


def _copy(reading: sqlite3.Connection, target: PostgresDatabase, source: Source, told: Told) -> None:
    """Copy what is missing of one table."""
    with target.reading() as connection:
        query = f"SELECT last, is_done FROM {PROGRESS} WHERE name = %s"  # noqa: S608 - a name of ours
        last, is_done = connection.exec_driver_sql(query, (source.name,)).one()
    while not is_done:
        portion = _Portion(source, source.rows(reading, last, AT_ONCE), last)
        with target.writing() as connection:
            copy_rows(connection, source.name, source.written, portion)
            last, is_done = portion.last, portion.count < AT_ONCE
            query = f"UPDATE {PROGRESS} SET last = %s, is_done = %s WHERE name = %s"  # noqa: S608 - a name of ours
            connection.exec_driver_sql(query, (json.dumps(last), is_done, source.name))
    with target.reading() as connection:
        told(source.name, _count(connection, source.name))


class _Portion:
    """Rows on their way: they are never all in memory, as each may hold hours of speech."""

    def __init__(self, source: Source, rows: Iterator[Values], last: Sequence[Any] | None) -> None:
        self._source = source
        self._rows = rows
        self.last = last
        self.count = 0

    def __iter__(self) -> Iterator[Values]:
        key = [self._source.columns.index(name) for name in self._source.keys]
        for row in self._rows:
            self.last = [row[place] for place in key]
            self.count += 1
            yield self._source.converted(row)


def _set_sequence(connection: Connection, table: Table) -> None:
    """Let the next number be one that no row has."""
    column = table.autoincrement_column
    if column is None or list(table.primary_key.columns) != [column]:
        return
    names = {"table": table.name, "column": column.name}
    sequence = connection.scalar(select(func.pg_get_serial_sequence(names["table"], names["column"])))
    highest = connection.scalar(select(func.max(column)))
    if sequence and highest:
        connection.execute(select(func.setval(sequence, highest)))


def _compare(reading: sqlite3.Connection, target: PostgresDatabase) -> None:
    """Compare number and checksum of the rows of each table; of the indexes, which hold no text of their own, the number.

    Raises:
        TransferDiffers
    """
    with target.reading() as connection:
        for table, source in zip(_TABLES, _SOURCES, strict=False):
            sent = checksum_of(map(source.converted, source.rows(reading)))
            if sent != stored_checksum(connection, table):
                raise TransferDiffers(file=target.name, table=table.name)
        for source in _INDEXES:
            sent_rows = reading.execute(f"SELECT count(*) FROM {source.name}").fetchone()[0]  # noqa: S608
            if sent_rows != _count(connection, source.name):
                raise TransferDiffers(file=target.name, table=source.name)


def _count(connection: Connection, table: str) -> int:
    return int(connection.exec_driver_sql(f'SELECT count(*) FROM "{table}"').scalar_one())  # noqa: S608


def _finish(target: PostgresDatabase) -> None:
    """Let servers open the target."""
    with target.writing() as connection:
        connection.exec_driver_sql(f"DROP TABLE {PROGRESS}")
    with target.session() as session:
        session.execute("VACUUM ANALYZE")


def _of_table(table: Table) -> Source:
    columns = tuple(column.name for column in table.columns)
    keys = tuple(column.name for column in table.primary_key.columns)
    return Source(table.name, keys, columns, columns, stored_values(table))


def _search_entry(row: Values) -> Values:
    number, name, text = row
    return number, *words.copied_entry(name, text)


def _speaker_entry(row: Values) -> Values:
    number, speaker, text = row
    return number, speaker, *words.copied_entry(text)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


_INDEXED = ("content", "words", "is_coarse")
_INDEXES = (
    Source("search_index", ("rowid",), ("rowid", "name", "text"), ("rowid", *_INDEXED), _search_entry),
    Source("speaker_index", ("rowid",), ("rowid", "speaker", "text"), ("rowid", "speaker", *_INDEXED), _speaker_entry),
)
_SOURCES = (*map(_of_table, _TABLES), *_INDEXES)
