"""The role of what tells which workers live: a lock that goes when its owner does, however that ends."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol


class WorkerLocks(Protocol):
    """The locks of all workers that share a database."""

    def holding(self, id: str, renewed: Callable[[str], None]) -> AbstractContextManager[None]:
        """Let the worker count as alive during the block.

        Where the lock can be lost, one for a new id takes its place, which `renewed` gets: the jobs of the former id may
        be another worker's by then.
        """

    def is_alive(self, id: str) -> bool: ...

    def is_any_alive(self) -> bool: ...

    def forget(self, id: str) -> None:
        """Remove what is left of a dead worker."""
