"""Segments know the channel that they were heard on."""

from __future__ import annotations

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add what channels need."""
