"""Voices that people have remembered, and whom the speakers of a recording may be."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    op.create_table(
        "known_voices",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("owner", sa.String(32)),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("vector", sa.LargeBinary, nullable=False),
        sa.Column("is_narrow", sa.Boolean, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("consent_by", sa.Text, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("transcription_id", sa.String(32)),
    )
    op.create_index("ix_known_voices_owner", "known_voices", ["owner", "name"])
    op.create_table(
        "voice_proposals",
        sa.Column(
            "transcription_id",
            sa.String(32),
            sa.ForeignKey("transcriptions.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("speaker", sa.Integer, primary_key=True),
        sa.Column(
            "voice_id",
            sa.String(32),
            sa.ForeignKey("known_voices.id", ondelete="CASCADE"),
            primary_key=True,
            index=True,
        ),
        sa.Column("likeness", sa.Float, nullable=False),
        sa.Column("is_refused", sa.Boolean, nullable=False),
    )
