"""What people make of a transcript: another reading of the same recording, and a text put right by hand."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("transcriptions", sa.Column("again_of", sa.String(32)))
    op.add_column("transcriptions", sa.Column("edit_revision", sa.Integer, nullable=False, server_default="0"))
    op.create_index(
        "ix_transcriptions_again_of",
        "transcriptions",
        ["again_of"],
        sqlite_where=sa.text("again_of IS NOT NULL"),
    )
    op.create_table(
        "edits",
        sa.Column(
            "transcription_id",
            sa.String(32),
            sa.ForeignKey("transcriptions.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("first", sa.Integer, primary_key=True),
        sa.Column("last", sa.Integer, nullable=False),
        sa.Column("pieces", sa.JSON, nullable=False),
        sa.Column("edited_at", sa.DateTime, nullable=False),
    )
