"""What a database is, for people who look after it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    product: str
    version: str
    size_bytes: int
    """On disk."""
