"""Durations and positions as people read them."""

from __future__ import annotations


def clock(seconds: float) -> str:
    """Format a duration or a position: 0:07, 12:30, 1:02:03."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
