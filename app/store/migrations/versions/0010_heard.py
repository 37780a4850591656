"""Segments know the emotion and the events that a model heard in them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("segments", sa.Column("emotion", sa.Text, nullable=False, server_default=""))
    op.add_column("segments", sa.Column("events", sa.JSON, nullable=False, server_default="[]"))
