"""Texts in which PostgreSQL looks for phrases are compressed so that they are read in half the time; SQLite has none."""

from __future__ import annotations

from alembic import op

from app.store.postgresql.compression import COMPRESS_WITH_LZ4

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.get_bind().exec_driver_sql(COMPRESS_WITH_LZ4)
