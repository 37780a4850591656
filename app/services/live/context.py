"""What a live session looks like from outside, and what it needs of the server around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from app.domain.options import TranscriptionOptions
from app.services.inference.scheduler import Batches
from app.services.live.session_store import Ledger

if TYPE_CHECKING:
    from app.services.live.session import Session


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """A session that goes on, as a list shows it."""

    id: str
    transcription: str
    name: str
    created_at: datetime
    seconds: float
    """Of sound on the disk."""
    segments: int
    """With their text."""
    is_connected: bool


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a session needs of the server around it."""

    ledger: Ledger
    batches: Batches | None
    """None where another process recognises."""
    quick: Callable[[TranscriptionOptions], Batches | None]
    """Another way for open segments with these options; None where there is no quicker one."""
    write: Callable[[Session], None]
    """Puts its sound on the disk now."""
    model: Callable[[], str | None]
    most_seconds: float
    """Of sound in one session."""
    over: Callable[[Session], None]
    """Called when it has ended."""
