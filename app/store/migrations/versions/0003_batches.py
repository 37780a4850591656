"""Batches of recordings, what belongs to them, and totals that are always counted.

An item says how its transcription stands, and a batch how its items stand: triggers carry every change on, whoever
makes it, so that the list of a batch is one index and its summary a few rows.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

COUNTED = "state, size_bytes, seconds, seconds_done"
ADD = """
    INSERT INTO batch_totals (batch_id, state, count, size_bytes, known_bytes, seconds, seconds_done)
    SELECT {row}.batch_id, {row}.state, {sign}1, {sign}{row}.size_bytes,
        {sign}CASE WHEN {row}.seconds IS NULL THEN 0 ELSE {row}.size_bytes END,
        {sign}coalesce({row}.seconds, 0), {sign}{row}.seconds_done WHERE true
    ON CONFLICT DO UPDATE SET count = count + excluded.count, size_bytes = size_bytes + excluded.size_bytes,
        known_bytes = known_bytes + excluded.known_bytes, seconds = seconds + excluded.seconds,
        seconds_done = seconds_done + excluded.seconds_done;
"""
TELL = "UPDATE batches SET revision = (SELECT current FROM revisions) WHERE id = {row}.batch_id;"
FOLLOW = """
    CREATE TRIGGER items_follow AFTER UPDATE OF state, duration, seconds_done, deleted_at ON transcriptions BEGIN
        UPDATE batch_items SET seconds = NEW.duration, seconds_done = NEW.seconds_done,
            state = CASE WHEN NEW.deleted_at IS NULL THEN NEW.state ELSE 'removed' END,
            is_delivered = is_delivered AND state = NEW.state
        WHERE transcription_id = NEW.id;
    END
"""


def upgrade() -> None:
    _rank_transcriptions()
    _create_batches()
    _create_items()
    _create_totals()
    op.execute(FOLLOW)


def _rank_transcriptions() -> None:
    op.add_column("transcriptions", sa.Column("rank", sa.Integer, nullable=False, server_default="0"))
    op.drop_index("ix_transcriptions_state", "transcriptions")
    op.create_index("ix_transcriptions_state", "transcriptions", ["state", "rank", "queue_order"])
    op.create_index("ix_transcriptions_sha256", "transcriptions", ["sha256"])


def _create_batches() -> None:
    op.create_table(
        "batches",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("options", sa.JSON, nullable=False),
        sa.Column("wish", sa.String(16), nullable=False),
        sa.Column("folder", sa.Text),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.CheckConstraint("wish IN ('work', 'pause', 'cancel', 'delete')", name="ck_batches_wish"),
    )
    op.create_index("ix_batches_created_at", "batches", ["created_at"])
    op.create_index("ix_batches_folder", "batches", ["folder"])


def _create_items() -> None:
    op.create_table(
        "batch_items",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("batch_id", sa.String(32), sa.ForeignKey("batches.id"), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("size_bytes", sa.Integer, nullable=False),
        sa.Column("modified_ms", sa.Integer),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("received_bytes", sa.Integer, nullable=False, server_default="0"),
        sa.Column("origin", sa.Text),
        sa.Column("transcription_id", sa.String(32), sa.ForeignKey("transcriptions.id", ondelete="CASCADE")),
        sa.Column("duplicate_of", sa.String(32)),
        sa.Column("error", sa.JSON),
        sa.Column("seconds", sa.Float),
        sa.Column("seconds_done", sa.Float, nullable=False, server_default="0"),
        sa.Column("is_delivered", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("updated_at", sa.DateTime, nullable=False),
        sa.CheckConstraint(
            "state IN ('uploading', 'queued', 'running', 'succeeded', 'failed', 'cancelled', 'duplicate', 'removed')",
            name="ck_batch_items_state",
        ),
    )
    op.create_index("ix_batch_items_position", "batch_items", ["batch_id", "position", "state"])
    op.create_index("ix_batch_items_state", "batch_items", ["batch_id", "state", "position"])
    op.create_index("ix_batch_items_name", "batch_items", ["batch_id", "name"])
    op.create_index("ix_batch_items_transcription_id", "batch_items", ["transcription_id"])
    op.create_index(
        "ix_batch_items_duplicate_of",
        "batch_items",
        ["duplicate_of"],
        sqlite_where=sa.text("duplicate_of IS NOT NULL"),
    )
    op.create_index(
        "ix_batch_items_arriving",
        "batch_items",
        ["updated_at"],
        sqlite_where=sa.text("state = 'uploading'"),
    )


def _create_totals() -> None:
    op.create_table(
        "batch_totals",
        sa.Column("batch_id", sa.String(32), primary_key=True),
        sa.Column("state", sa.String(16), primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("size_bytes", sa.Integer, nullable=False),
        sa.Column("known_bytes", sa.Integer, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("seconds_done", sa.Float, nullable=False),
    )
    added, taken = (ADD.format(row=row, sign=sign) for row, sign in (("NEW", ""), ("OLD", "-")))
    told, told_old = TELL.format(row="NEW"), TELL.format(row="OLD")
    op.execute(f"CREATE TRIGGER items_added AFTER INSERT ON batch_items BEGIN {added} {told} END")
    op.execute(f"CREATE TRIGGER items_taken AFTER DELETE ON batch_items BEGIN {taken} {told_old} END")
    op.execute(f"CREATE TRIGGER items_moved AFTER UPDATE OF {COUNTED} ON batch_items BEGIN {taken} {added} {told} END")
