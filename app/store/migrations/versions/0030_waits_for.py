"""What a running job waits for, for example a place in the cluster."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    op.add_column("transcriptions", sa.Column("waits_for", sa.JSON(none_as_null=True)))
