"""Findings of the diagnosis, and the journal of what people did."""

from __future__ import annotations

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add what findings need."""
