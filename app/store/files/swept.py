"""What a sweep of the recordings has found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Swept:
    """The ids of folders without a row."""

    unfinished: list[str]
    """Never acknowledged, so they were removed."""
    orphans: list[str]
    """Their rows are gone: they were moved to data/orphans."""
