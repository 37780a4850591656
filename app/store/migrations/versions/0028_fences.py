"""Fences: who may go on with an upload or a live session where several servers share an object store."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    for table in ("batch_items", "live_sessions"):
        op.add_column(table, sa.Column("fence", sa.Integer, nullable=False, server_default="0"))
