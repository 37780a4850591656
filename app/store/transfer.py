"""Carries the content of an SQLite database over to an empty PostgreSQL database: resumable, and compared at the end.

Tables go one after the other, in batches in the order of their primary keys. How far it has come is kept in the target,
in the transaction of each batch; until everything is compared, no server opens the target.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import ARRAY, Column, Connection, Table, Text, bindparam, create_engine, func, insert, select, tuple_

from app.domain.errors.setup import TargetNotEmpty, TransferDiffers
from app.store.database import Row
from app.store.postgresql import words
from app.store.postgresql.database import PostgresDatabase
from app.store.postgresql.schema import PROGRESS, is_unfinished
from app.store.queries.search import search_index
from app.store.queries.voices.speaker_names import speaker_index
from app.store.sqlite.database import DATABASE_NAME, SqliteDatabase, alone_in
from app.store.tables import metadata, revisions

AT_ONCE = 1000  # rows
INDEXES = {"search_index": search_index, "speaker_index": speaker_index}
_TABLES = [table for table in metadata.sorted_tables if table is not revisions]

Told = Callable[[str, int], None]
"""Gets the name of a finished table and its rows."""


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
    with alone_in(folder), closing(PostgresDatabase(folder, url)) as target:
        engine = create_engine(f"sqlite:///{folder.absolute() / DATABASE_NAME}", hide_parameters=True)
        try:
            with engine.connect() as reading:
                _begin(target, str(folder.absolute()))
                _copy_everything(reading, target, told)
                _compare(reading, target)
                _finish(target)
        finally:
            engine.dispose()


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
        names = [*(table.name for table in _TABLES), *INDEXES]
        query = f"INSERT INTO {PROGRESS} VALUES (%s, %s, NULL, false)"  # noqa: S608 - a name of ours
        for name in names:
            connection.exec_driver_sql(query, (name, source))


def _copy_everything(reading: Connection, target: PostgresDatabase, told: Told) -> None:
    for table in _TABLES:
        _copy(reading, target, table.name, _batches(table), insert(table), told)
    for name, index in INDEXES.items():
        columns = ("rowid", "name", "text") if name == "search_index" else ("rowid", "speaker", "text")
        adding = insert(index).values(words=func.array_to_tsvector(bindparam("keys", type_=ARRAY(Text))))
        batches = _index_batches(index, columns)
        _copy(reading, target, name, batches, adding, told, _entry)
    with target.writing() as connection:
        current = reading.scalar(select(revisions.c.current))
        connection.execute(revisions.update().values(current=current))
        for table in _TABLES:
            _set_sequence(connection, table)


Batches = Callable[[Connection, Sequence[Any] | None], tuple[list[Row], Sequence[Any]]]
"""Returns the rows after a key, and the key of the last."""


def _copy(
    reading: Connection,
    target: PostgresDatabase,
    name: str,
    batches: Batches,
    adding: Any,
    told: Told,
    converted: Callable[[Row], Row] = lambda row: row,
) -> None:
    """Copy what is missing of one table."""
    with target.reading() as connection:
        query = f"SELECT last, is_done FROM {PROGRESS} WHERE name = %s"  # noqa: S608 - a name of ours
        last, is_done = connection.exec_driver_sql(query, (name,)).one()
    while not is_done:
        rows, key = batches(reading, last)
        is_done = not rows
        last = key if rows else last
        with target.writing() as connection:
            if rows:
                connection.exec_driver_sql(f'ALTER TABLE "{name}" DISABLE TRIGGER USER')  # they have run in the source
                connection.execute(adding, [converted(_without_nul(row)) for row in rows])
                connection.exec_driver_sql(f'ALTER TABLE "{name}" ENABLE TRIGGER USER')
            query = f"UPDATE {PROGRESS} SET last = %s, is_done = %s WHERE name = %s"  # noqa: S608 - a name of ours
            connection.exec_driver_sql(query, (json.dumps(last), is_done, name))
    with target.reading() as connection:
        told(name, connection.exec_driver_sql(f'SELECT count(*) FROM "{name}"').scalar_one())  # noqa: S608


def _batches(table: Table) -> Batches:
    keys: list[Column[Any]] = list(table.primary_key.columns)

    def after(connection: Connection, last: Sequence[Any] | None) -> tuple[list[Row], Sequence[Any]]:
        query = select(table).order_by(*keys).limit(AT_ONCE)
        if last is not None:
            query = query.where(tuple_(*keys) > tuple_(*map(_bound, keys, last)))
        rows = [dict(row) for row in connection.execute(query).mappings()]
        return rows, [rows[-1][key.name] for key in keys] if rows else []

    return after


def _bound(key: Column[Any], value: Any) -> Any:
    return bindparam(None, value, type_=key.type)


def _index_batches(table: Any, columns: Sequence[str]) -> Batches:
    def after(connection: Connection, last: Sequence[Any] | None) -> tuple[list[Row], Sequence[Any]]:
        query = select(*(table.c[name] for name in columns)).order_by(table.c.rowid).limit(AT_ONCE)
        if last is not None:
            query = query.where(table.c.rowid > last[0])
        rows = [dict(row) for row in connection.execute(query).mappings()]
        return rows, [rows[-1]["rowid"]] if rows else []

    return after


def _entry(row: Row) -> Row:
    """Return the entry of an index of PostgreSQL for one of SQLite's."""
    texts = [row[name] for name in ("name", "text") if name in row]
    kept = {name: row[name] for name in ("rowid", "speaker") if name in row}
    return kept | words.plain_entry(*texts)


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


def _compare(reading: Connection, target: PostgresDatabase) -> None:
    """Compare number and checksum of the rows of each table.

    Raises:
        TransferDiffers
    """
    for table in _TABLES:
        sent = _digest(reading, table)
        with target.reading() as connection:
            if sent != _digest(connection, table):
                raise TransferDiffers(file=target.name, table=table.name)
    with target.reading() as connection:
        for name, index in INDEXES.items():
            here, there = (each.scalar(select(func.count()).select_from(index)) for each in (reading, connection))
            if here != there:
                raise TransferDiffers(file=target.name, table=name)


def _digest(connection: Connection, table: Table) -> tuple[int, str]:
    count, sha256 = 0, hashlib.sha256()
    for row in _rows(connection, table):
        count += 1
        sha256.update(repr([_without_nul(row)[column.name] for column in table.columns]).encode(errors="replace"))
    return count, sha256.hexdigest()


def _rows(connection: Connection, table: Table) -> Iterator[Row]:
    after, last = _batches(table), None
    while True:
        rows, key = after(connection, last)
        if not rows:
            return
        yield from rows
        last = key


def _without_nul(row: Mapping[str, Any]) -> Row:
    """PostgreSQL has no character of code 0 in texts."""
    return {name: value.replace("\0", "\ufffd") if isinstance(value, str) else value for name, value in row.items()}


def _finish(target: PostgresDatabase) -> None:
    """Let servers open the target."""
    with target.writing() as connection:
        connection.exec_driver_sql(f"DROP TABLE {PROGRESS}")
    with target.session() as session:
        session.execute("VACUUM ANALYZE")
