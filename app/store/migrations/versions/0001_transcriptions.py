"""Transcriptions, their segments, and the count of changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    _create_transcriptions()
    _create_segments()
    revisions = op.create_table(
        "revisions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("current", sa.Integer, nullable=False),
    )
    op.bulk_insert(revisions, [{"id": 1, "current": 0}])
    op.create_table(
        "deletions",
        sa.Column("revision", sa.Integer, primary_key=True),
        sa.Column("transcription_id", sa.String(32), nullable=False),
    )


def _create_transcriptions() -> None:
    op.create_table(
        "transcriptions",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("suffix", sa.String(16), nullable=False),
        sa.Column("size_bytes", sa.Integer, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("options", sa.JSON, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("stage", sa.String(16), nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("started_at", sa.DateTime),
        sa.Column("finished_at", sa.DateTime),
        sa.Column("queue_order", sa.Integer, nullable=False),
        sa.Column("worker", sa.String(32)),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("cancel_requested", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("delete_requested", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("duration", sa.Float),
        sa.Column("segments_total", sa.Integer, nullable=False),
        sa.Column("segments_done", sa.Integer, nullable=False),
        sa.Column("segments_failed", sa.Integer, nullable=False),
        sa.Column("seconds_done", sa.Float, nullable=False),
        sa.Column("seconds_worked", sa.Float, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("text_raw", sa.Text, nullable=False),
        sa.Column("language", sa.String(16)),
        sa.Column("model", sa.Text),
        sa.Column("device", sa.Text),
        sa.Column("receipt", sa.JSON, nullable=False),
        sa.Column("warnings", sa.JSON, nullable=False),
        sa.Column("error", sa.JSON),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')",
            name="ck_transcriptions_state",
        ),
    )
    op.create_index("ix_transcriptions_state", "transcriptions", ["state", "queue_order"])
    op.create_index("ix_transcriptions_created_at", "transcriptions", ["created_at"])
    op.create_index("ix_transcriptions_revision", "transcriptions", ["revision"])


def _create_segments() -> None:
    op.create_table(
        "segments",
        sa.Column(
            "transcription_id",
            sa.String(32),
            sa.ForeignKey("transcriptions.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("index", sa.Integer, primary_key=True),
        sa.Column("start", sa.Float, nullable=False),
        sa.Column("end", sa.Float, nullable=False),
        sa.Column("covers_seconds", sa.Float, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("text_raw", sa.Text, nullable=False),
        sa.Column("confidence", sa.Float),
        sa.Column("dropped", sa.Text, nullable=False),
        sa.Column("seconds_worked", sa.Float, nullable=False),
        sa.Column("error", sa.JSON),
        sa.CheckConstraint("state IN ('pending', 'done', 'failed')", name="ck_segments_state"),
    )
