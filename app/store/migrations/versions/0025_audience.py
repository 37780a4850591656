"""Links that only let people read along with a live session."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.add_column("share_links", sa.Column("for_audience", sa.Boolean, nullable=False, server_default=sa.false()))
