"""Keep what turns sound like, so that others follow one that a person decides, and what can be taken back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    empty = sa.text("x''")
    op.add_column("diarizations", sa.Column("embeddings", sa.LargeBinary, nullable=False, server_default=empty))
    op.add_column("diarizations", sa.Column("corrections", sa.JSON, nullable=False, server_default="[]"))
