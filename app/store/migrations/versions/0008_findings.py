"""How a recording sounds and how foreign a segment was, for the diagnosis."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("transcriptions", sa.Column("recording", sa.JSON))
    op.add_column("segments", sa.Column("foreign_share", sa.Float))
