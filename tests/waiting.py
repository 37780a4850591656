"""Waiting until something has come true, as long as the busiest machine may need."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE_SECONDS = 240.0  # only a safety net: whoever waits goes on as soon as it is true
PAUSE_SECONDS = 0.05


def wait_until(
    condition: Callable[[], object], otherwise: Callable[[], str] = lambda: "it did not happen"
) -> None:
    """Return as soon as `condition` is true; fail with what `otherwise` tells when that never happens."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, otherwise()
        time.sleep(PAUSE_SECONDS)
