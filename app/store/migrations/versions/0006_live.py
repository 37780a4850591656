"""Live sessions: what of their sound is on the disk, and who may go on with them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "live_sessions",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column(
            "transcription_id",
            sa.String(32),
            sa.ForeignKey("transcriptions.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("next_chunk", sa.Integer, nullable=False),
        sa.Column("samples", sa.Integer, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("touched_at", sa.DateTime, nullable=False),
        sa.CheckConstraint("state IN ('open', 'ended', 'abandoned', 'cancelled')", name="state"),
    )
    op.create_index("ix_live_sessions_state", "live_sessions", ["state"])
    op.create_index("ix_live_sessions_transcription_id", "live_sessions", ["transcription_id"])
