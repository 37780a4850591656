"""Links to single transcriptions, and people and groups with whom they are shared."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    of_transcription = sa.ForeignKey("transcriptions.id", ondelete="CASCADE")
    op.create_table(
        "share_links",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("hash", sa.String(64), nullable=False, unique=True),
        sa.Column("transcription_id", sa.String(32), of_transcription, nullable=False, index=True),
        sa.Column("may_edit", sa.Boolean, nullable=False),
        sa.Column("with_audio", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("expires_at", sa.DateTime),
        sa.Column("opened", sa.Integer, nullable=False, server_default="0"),
    )
    op.create_table(
        "grants",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column(
            "transcription_id",
            sa.String(32),
            sa.ForeignKey("transcriptions.id", ondelete="CASCADE"),
            nullable=False,
            index=True,
        ),
        sa.Column("person_id", sa.String(32), sa.ForeignKey("people.id", ondelete="CASCADE"), index=True),
        sa.Column("group_name", sa.Text, index=True),
        sa.Column("may_edit", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
    )
