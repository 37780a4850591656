"""The same recording read by several models: which transcriptions are compared, and how much memory each took."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("transcriptions", sa.Column("memory_bytes", sa.Integer))
    op.create_table(
        "comparisons",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("members", sa.JSON, nullable=False),
    )
    op.create_index("ix_comparisons_created_at", "comparisons", ["created_at"])
