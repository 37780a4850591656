"""Makes the schema in an empty PostgreSQL database: the tables as they are now, without the migrations that led there."""

from __future__ import annotations

from sqlalchemy import BigInteger, Connection, Index, Integer, MetaData, String, Text, text

from app.store.migration import SCHEMA_VERSION
from app.store.postgresql.compression import COMPRESS_WITH_LZ4
from app.store.postgresql.triggers import TRIGGERS
from app.store.tables import metadata

WORD_INDEXES = """
CREATE TABLE search_index (
    rowid bigint PRIMARY KEY, content text COLLATE "C" NOT NULL, words tsvector NOT NULL, is_coarse boolean NOT NULL
);
CREATE TABLE speaker_index (
    rowid bigint PRIMARY KEY, speaker text COLLATE "C" NOT NULL, content text COLLATE "C" NOT NULL,
    words tsvector NOT NULL, is_coarse boolean NOT NULL
);
CREATE INDEX ix_search_index_words ON search_index USING gin (words) WITH (gin_pending_list_limit = 1024);
CREATE INDEX ix_speaker_index_words ON speaker_index USING gin (words) WITH (gin_pending_list_limit = 1024);
CREATE INDEX ix_speaker_index_speaker ON speaker_index (speaker, rowid);
ALTER TABLE search_index ALTER words SET STATISTICS 1000;
ALTER TABLE speaker_index ALTER words SET STATISTICS 1000;
"""
"""What SQLite's full-text indexes are; see words.py."""
VERSION = f"""
CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
INSERT INTO alembic_version VALUES ('{SCHEMA_VERSION}');
INSERT INTO revisions (id, "current") VALUES (1, 0);
"""  # noqa: S608 - the name of a file of ours


PROGRESS = "transfer_progress"
"""The table that a target has while it is filled from an SQLite database."""


def is_unfinished(connection: Connection) -> bool:
    """Return whether the database is being filled from an SQLite database."""
    return has_table(connection, PROGRESS)


def version_of(connection: Connection) -> str | None:
    """Return the newest applied migration; None for a database without our tables."""
    if not has_table(connection, "alembic_version"):
        return None
    version = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return None if version is None else str(version)


def has_table(connection: Connection, name: str) -> bool:
    """Return whether a table is there.

    Not by to_regclass: its cache may not know yet what another process has made while this one waited for its turn.
    """
    sought = "SELECT EXISTS (SELECT FROM pg_class WHERE relname = %(name)s AND pg_table_is_visible(oid))"
    return bool(connection.exec_driver_sql(sought, {"name": name}).scalar())


def create(connection: Connection) -> None:
    """Make all tables, indexes and triggers, and note the newest migration."""
    _tables().create_all(connection, checkfirst=False)
    for script in (WORD_INDEXES, COMPRESS_WITH_LZ4, TRIGGERS, VERSION):
        connection.exec_driver_sql(script)


def _tables() -> MetaData:
    """Return the tables with SQLite's types: 64-bit integers, and texts of any length that compare byte by byte."""
    ours = MetaData(naming_convention=metadata.naming_convention)
    for table in metadata.sorted_tables:
        copy = table.to_metadata(ours)
        for column in copy.columns:
            if isinstance(column.type, String):
                column.type = Text(collation="C")
            elif isinstance(column.type, Integer):
                column.type = BigInteger()
        for index in copy.indexes:
            _limit(index)
    return ours


def _limit(index: Index) -> None:
    """Make an index partial where SQLite's is; PostgreSQL has no numbers for false and true."""
    where = index.dialect_options["sqlite"]["where"]
    if where is not None:
        condition = str(where).replace("IS 0", "IS false").replace("IS 1", "IS true")
        index.dialect_options["postgresql"]["where"] = text(condition)
