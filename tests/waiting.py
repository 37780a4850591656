"""Waits until a condition is true, as long as a busy machine may need."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")
PATIENCE_SECONDS = 480.0  # only a safety net: whoever waits goes on as soon as it is true
PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = (
    0.5  # who has waited long looks less often: five workers that look all the time keep a processor busy
)


def wait_until(condition: Callable[[], Found], otherwise: Callable[[], str] = lambda: "it did not happen") -> Found:
    """Return what `condition` does as soon as that is true; fail with what `otherwise` tells if it never is."""
    begin = time.monotonic()
    while not (found := condition()):
        waited = time.monotonic() - begin
        assert waited < PATIENCE_SECONDS, otherwise()
        time.sleep(min(max(PAUSE_SECONDS, waited / 20), LONGEST_PAUSE_SECONDS))
    return found
