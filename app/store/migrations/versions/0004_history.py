"""A place in the order of time, a trash, an index of every word, and totals that are always counted."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from app.store.queries.search import split

revision = "0004"
down_revision = "0003"

IS_SHOWN = "deleted_at IS NULL AND delete_requested IS 0"
FACTS = ("state", "language", "source")
KEY = "{row}.state, coalesce({row}.language, ''), {row}.source, {row}.deleted_at IS NOT NULL"
ADD = """
    INSERT INTO history_totals (state, language, source, in_trash, count, seconds, size_bytes)
    SELECT {key}, {sign}1, {sign}coalesce({row}.duration, 0), {sign}{row}.size_bytes
    WHERE {row}.delete_requested IS 0
    ON CONFLICT DO UPDATE SET count = count + excluded.count, seconds = seconds + excluded.seconds,
        size_bytes = size_bytes + excluded.size_bytes;
"""
FIRST = """
    INSERT INTO history_totals (state, language, source, in_trash, count, seconds, size_bytes)
    SELECT {key}, count(*), sum(coalesce(duration, 0)), sum(size_bytes)
    FROM transcriptions WHERE delete_requested IS 0 GROUP BY 1, 2, 3, 4
"""
COUNTED = "state, language, source, duration, size_bytes, deleted_at, delete_requested"


def upgrade() -> None:
    op.add_column("transcriptions", sa.Column("number", sa.Integer, nullable=False, server_default="0"))
    op.add_column("transcriptions", sa.Column("deleted_at", sa.DateTime))
    op.execute(
        "CREATE VIRTUAL TABLE search_index USING fts5"
        "(name, text, tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2 3', columnsize = 0)"
    )
    _number_and_index()
    _create_indexes()
    _create_totals()


def _number_and_index() -> None:
    """Give every transcription its number, and its words to the index."""
    connection = op.get_bind()
    last = 0
    rows = connection.exec_driver_sql("SELECT id, created_at FROM transcriptions ORDER BY created_at, id")
    for id, created_at in rows.fetchall():
        moment = datetime.fromisoformat(created_at).replace(tzinfo=UTC)
        last = max(int(moment.timestamp() * 1000), last + 1)
        connection.exec_driver_sql("UPDATE transcriptions SET number = ? WHERE id = ?", (last, id))
        found = connection.exec_driver_sql("SELECT name, text FROM transcriptions WHERE id = ?", (id,))
        name, text = found.one()
        connection.exec_driver_sql(
            "INSERT INTO search_index (rowid, name, text) VALUES (?, ?, ?)", (last, split(name), split(text))
        )


def _create_indexes() -> None:
    """One for the list as it is, and one for each filter; all hold every filter, so that no row need be read."""
    op.create_index("ix_transcriptions_number", "transcriptions", ["number", *FACTS, "deleted_at", "delete_requested"])
    for fact in FACTS:
        others = [other for other in FACTS if other != fact]
        op.create_index(
            f"ix_transcriptions_by_{fact}",
            "transcriptions",
            [fact, "number", *others, "deleted_at", "delete_requested"],
            sqlite_where=sa.text(IS_SHOWN),
        )
    op.create_index(
        "ix_transcriptions_deleted_at",
        "transcriptions",
        ["deleted_at", "number"],
        sqlite_where=sa.text("deleted_at IS NOT NULL"),
    )
    op.create_index(
        "ix_transcriptions_going", "transcriptions", ["state"], sqlite_where=sa.text("delete_requested IS 1")
    )


def _create_totals() -> None:
    """Count by triggers: whoever changes a row, the totals agree with the rows, and nobody counts a million."""
    op.create_table(
        "history_totals",
        sa.Column("state", sa.String(16), primary_key=True),
        sa.Column("language", sa.String(16), primary_key=True),
        sa.Column("source", sa.String(16), primary_key=True),
        sa.Column("in_trash", sa.Boolean, primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("size_bytes", sa.Integer, nullable=False),
    )
    op.execute(FIRST.format(key=KEY.format(row="transcriptions")))
    added, taken = (
        ADD.format(key=KEY.format(row=row), row=row, sign=sign) for row, sign in (("NEW", ""), ("OLD", "-"))
    )
    op.execute(f"CREATE TRIGGER totals_added AFTER INSERT ON transcriptions BEGIN {added} END")
    op.execute(f"CREATE TRIGGER totals_taken AFTER DELETE ON transcriptions BEGIN {taken} END")
    op.execute(f"CREATE TRIGGER totals_moved AFTER UPDATE OF {COUNTED} ON transcriptions BEGIN {taken} {added} END")
