"""Requests of programs that speak another product's API: as they arrived, and how a repeat finds its job."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "client_requests",
        sa.Column(
            "transcription_id",
            sa.String(32),
            sa.ForeignKey("transcriptions.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("request", sa.JSON, nullable=False),
        sa.Column("idempotency_key", sa.String(64)),
        sa.Column("is_kept", sa.Boolean, nullable=False),
    )
    op.create_index("ix_client_requests_idempotency_key", "client_requests", ["idempotency_key"])
    op.create_index("ix_client_requests_not_kept", "client_requests", ["is_kept"], sqlite_where=sa.text("is_kept IS 0"))
