"""People, their sessions and API keys, and whom things belong to; what is there belongs to nobody until one exists."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

OWNED = ("transcriptions", "batches", "comparisons", "deletions")


def upgrade() -> None:
    _add_people()
    _add_keys()
    for table in OWNED:
        op.add_column(table, sa.Column("owner", sa.String(32)))
    op.add_column("transcriptions", sa.Column("api_key", sa.String(32)))
    op.create_index("ix_transcriptions_owner", "transcriptions", ["owner", "number"])
    op.create_index("ix_batches_owner", "batches", ["owner", "created_at"])
    _part_names_of_lists()


def _add_people() -> None:
    op.create_table(
        "people",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("folded_name", sa.Text, nullable=False, unique=True),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("groups", sa.JSON, nullable=False),
        sa.Column("password", sa.Text),
        sa.Column("subject", sa.Text, unique=True),
        sa.Column("is_disabled", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("hours_per_day", sa.Float),
        sa.Column("jobs_at_once", sa.Integer),
    )
    op.create_table(
        "login_sessions",
        sa.Column("hash", sa.String(64), primary_key=True),
        sa.Column("person_id", sa.String(32), sa.ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("seen_at", sa.DateTime, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("agent", sa.Text, nullable=False),
    )
    op.create_index("ix_login_sessions_person_id", "login_sessions", ["person_id"])
    op.create_table(
        "login_links",
        sa.Column("hash", sa.String(64), primary_key=True),
        sa.Column("person_id", sa.String(32), sa.ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
        sa.Column("expires_at", sa.DateTime, nullable=False),
    )


def _add_keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("person_id", sa.String(32), sa.ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False, unique=True),
        sa.Column("beginning", sa.String(16), nullable=False),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("expires_at", sa.DateTime),
        sa.Column("used_at", sa.DateTime),
        sa.Column("hours_per_day", sa.Float),
        sa.Column("jobs_at_once", sa.Integer),
    )
    op.create_index("ix_api_keys_person_id", "api_keys", ["person_id"])
    op.create_table(
        "audit",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("person_id", sa.String(32)),
        sa.Column("person_name", sa.Text, nullable=False),
        sa.Column("key_id", sa.String(32)),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("thing", sa.String(200), nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
    )
    op.create_index("ix_audit_at", "audit", ["at"])


def _part_names_of_lists() -> None:
    """Two people may have lists of one name: SQLite cannot drop the rule against that, so the table is copied."""
    op.create_table(
        "owned_hotword_lists",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("updated_at", sa.DateTime, nullable=False),
        sa.Column("owner", sa.String(32)),
    )
    columns = "id, name, words, created_at, updated_at"
    op.execute(f"INSERT INTO owned_hotword_lists ({columns}) SELECT {columns} FROM hotword_lists")  # noqa: S608
    op.drop_table("hotword_lists")
    op.rename_table("owned_hotword_lists", "hotword_lists")
    op.create_index("ix_hotword_lists_name", "hotword_lists", ["owner", "name"], unique=True)
