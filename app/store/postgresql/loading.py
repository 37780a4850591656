"""Fills tables with many rows: by COPY, without triggers, and with the indexes made afterwards.

An index that is made over all rows at once takes a tenth of the time of one that grows row by row. What was set aside is
kept in a table of the database, so that whoever goes on after a break can make it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection

from app.store.postgresql.database import PostgresDatabase
from app.store.postgresql.schema import has_table

SET_ASIDE = "set_aside"
"""The table of the statements that make again what was set aside."""
INDEX_MEMORY = "256MB"
_NOTE_INDEXES = f"""
    CREATE TABLE {SET_ASIDE} (number bigserial PRIMARY KEY, statement text NOT NULL);
    INSERT INTO {SET_ASIDE} (statement) SELECT pg_get_indexdef(indexrelid) FROM pg_index
        JOIN pg_class ON pg_class.oid = indexrelid
        WHERE relnamespace = current_schema()::regnamespace AND relname LIKE 'ix\\_%%';
    INSERT INTO {SET_ASIDE} (statement)
        SELECT format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', conrelid::regclass, conname, pg_get_constraintdef(oid))
        FROM pg_constraint WHERE contype = 'f' AND connamespace = current_schema()::regnamespace;
"""  # noqa: S608 - a name of ours
_DROP = """
    SELECT format('DROP INDEX %%s', indexrelid::regclass) FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
        WHERE relnamespace = current_schema()::regnamespace AND relname LIKE 'ix\\_%%'
    UNION ALL SELECT format('ALTER TABLE %%s DROP CONSTRAINT %%I', conrelid::regclass, conname)
        FROM pg_constraint WHERE contype = 'f' AND connamespace = current_schema()::regnamespace
"""


def set_indexes_aside(connection: Connection) -> None:
    """Drop the indexes and foreign keys until `restore_indexes`; primary keys stay."""
    connection.exec_driver_sql(_NOTE_INDEXES)
    for statement in connection.exec_driver_sql(_DROP).scalars().all():
        connection.exec_driver_sql(statement)


def restore_indexes(database: PostgresDatabase) -> None:
    """Make what was set aside, one after the other; each stays where a later one breaks off."""
    while _restore_one(database):
        pass
    with database.writing() as connection:
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {SET_ASIDE}")


def _restore_one(database: PostgresDatabase) -> bool:
    """Make the next index; return whether there was one."""
    with database.writing() as connection:
        if not has_table(connection, SET_ASIDE):
            return False
        query = f"SELECT number, statement FROM {SET_ASIDE} ORDER BY number LIMIT 1"  # noqa: S608 - a name of ours
        row = connection.exec_driver_sql(query).first()
        if row is None:
            return False
        connection.exec_driver_sql(f"SET LOCAL maintenance_work_mem = '{INDEX_MEMORY}'")
        connection.exec_driver_sql(row.statement.replace("%", "%%"))
        connection.exec_driver_sql(f"DELETE FROM {SET_ASIDE} WHERE number = %s", (row.number,))  # noqa: S608
        return True


def copy_rows(connection: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Add rows by COPY; triggers do not run."""
    names = ", ".join(f'"{name}"' for name in columns)
    cursor = connection.connection.cursor()
    connection.exec_driver_sql(f'ALTER TABLE "{table}" DISABLE TRIGGER USER')
    with cursor.copy(f'COPY "{table}" ({names}) FROM STDIN') as copy:
        for row in rows:
            copy.write_row(row)
    connection.exec_driver_sql(f'ALTER TABLE "{table}" ENABLE TRIGGER USER')
