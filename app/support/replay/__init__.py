"""Replays a case: the recorded audio with the recorded options and segmentation, on this machine.

recorded.py reads the case, rerun.py recognises in a child process, comparison.py finds differences, replay.py gives
the verdict. suite.py does this for a folder of cases, shrink.py searches for the shortest clip that still fails.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """Result of a replay."""

    REPRODUCED = "reproduced"
    NOT_REPRODUCED = "not_reproduced"
    NOT_COMPARABLE = "not_comparable"


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference between this machine and the recorded one."""

    name: str
    recorded: str
    here: str
