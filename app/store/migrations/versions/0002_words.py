"""When each word of a segment is said."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("segments", sa.Column("words", sa.JSON, nullable=False, server_default="[]"))
