"""Live sessions with several channels, and names for the channels of a recording."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.add_column("transcriptions", sa.Column("channel_names", sa.JSON, nullable=False, server_default="[]"))
    op.add_column("live_sessions", sa.Column("channels", sa.Integer, nullable=False, server_default="1"))
