"""Webhooks, and their messages, which are stored before they are sent.

A trigger notes the end of a transcription in the transaction that ends it, whoever does that, so that none is missed.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

NOTE_END = """
    CREATE TRIGGER webhook_notes_end AFTER UPDATE OF state ON transcriptions
    WHEN NEW.state IN ('succeeded', 'failed', 'cancelled') AND OLD.state IN ('queued', 'running') AND (
        EXISTS (SELECT 1 FROM webhooks) OR EXISTS (SELECT 1 FROM webhook_requests WHERE transcription_id = NEW.id)
    ) BEGIN
        INSERT INTO webhook_notes (transcription_id, state, at)
        VALUES (NEW.id, NEW.state, strftime('%Y-%m-%d %H:%M:%f000', 'now'));
    END
"""
NOTE_BATCH = """
    CREATE TRIGGER webhook_notes_batch AFTER UPDATE OF state ON batch_items
    WHEN NEW.state IN ('succeeded', 'failed', 'cancelled', 'duplicate') AND OLD.state != NEW.state
        AND EXISTS (SELECT 1 FROM webhooks)
    BEGIN
        INSERT INTO webhook_notes (batch_id, state, at)
        SELECT NEW.batch_id, '', strftime('%Y-%m-%d %H:%M:%f000', 'now')
        WHERE NOT EXISTS (SELECT 1 FROM webhook_notes WHERE batch_id = NEW.batch_id);
    END
"""


def upgrade() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("events", sa.JSON, nullable=False),
        sa.Column("secret", sa.String(100), nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
    )
    op.create_table(
        "webhook_requests",
        sa.Column(
            "transcription_id",
            sa.String(32),
            sa.ForeignKey("transcriptions.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("url", sa.Text, nullable=False),
    )
    op.create_table(
        "webhook_notes",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("transcription_id", sa.String(32)),
        sa.Column("batch_id", sa.String(32), index=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("webhook_id", sa.String(32)),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("event", sa.String(40), nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False, index=True),
        sa.Column("next_at", sa.DateTime, index=True),
        sa.Column("status", sa.Integer),
        sa.Column("problem", sa.Text, nullable=False),
    )
    op.execute(NOTE_END)
    op.execute(NOTE_BATCH)
