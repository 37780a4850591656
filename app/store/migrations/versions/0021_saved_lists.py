"""Rules of replacement are kept in named lists as hotwords are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.create_table(
        "saved_lists",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("updated_at", sa.DateTime, nullable=False),
        sa.Column("owner", sa.String(32)),
    )
    op.create_index("ix_saved_lists_name", "saved_lists", ["owner", "kind", "name"], unique=True)
    op.execute(
        "INSERT INTO saved_lists (id, kind, name, text, created_at, updated_at, owner) "
        "SELECT id, 'hotwords', name, words, created_at, updated_at, owner FROM hotword_lists"
    )
    op.drop_table("hotword_lists")
