"""Webhooks that hear only of what an API key has submitted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.add_column("webhooks", sa.Column("api_key", sa.String(32)))
