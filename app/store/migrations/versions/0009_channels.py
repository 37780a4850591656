"""Segments know the channel that they were heard on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("segments", sa.Column("channel", sa.Integer))
