"""The seconds of what was submitted and removed on one day, so that removing it gives nobody more of their quota."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.create_table(
        "removed_sound",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("owner", sa.String(32), nullable=False),
        sa.Column("api_key", sa.String(32)),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
    )
    op.create_index("ix_removed_sound_created_at", "removed_sound", ["created_at"])
