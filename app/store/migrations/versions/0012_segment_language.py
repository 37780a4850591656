"""Segments know the language that a model heard in them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("segments", sa.Column("language", sa.Text, nullable=False, server_default=""))
