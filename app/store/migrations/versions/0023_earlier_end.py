"""How a transcription had ended before only its speakers were asked for: its webhooks have been told already."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"

NOTE_END = """
    CREATE TRIGGER webhook_notes_end AFTER UPDATE OF state ON transcriptions
    WHEN NEW.state IN ('succeeded', 'failed', 'cancelled') AND OLD.state IN ('queued', 'running')
        AND NEW.earlier_end IS NULL AND (
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
        AND NOT EXISTS (SELECT 1 FROM transcriptions WHERE id = NEW.transcription_id AND earlier_end IS NOT NULL)
    BEGIN
        INSERT INTO webhook_notes (batch_id, state, at)
        SELECT NEW.batch_id, '', strftime('%Y-%m-%d %H:%M:%f000', 'now')
        WHERE NOT EXISTS (SELECT 1 FROM webhook_notes WHERE batch_id = NEW.batch_id);
    END
"""


def upgrade() -> None:
    op.add_column("transcriptions", sa.Column("earlier_end", sa.JSON))
    op.execute("DROP TRIGGER webhook_notes_end")
    op.execute("DROP TRIGGER webhook_notes_batch")
    op.execute(NOTE_END)
    op.execute(NOTE_BATCH)
