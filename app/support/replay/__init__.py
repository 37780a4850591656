"""Runs a case again: the recorded sound with the recorded options and segmentation, on this machine.

recorded.py reads the case, rerun.py recognises in a process of its own, comparison.py says what differs, replay.py
gives the verdict. suite.py does this for a folder of cases, shrink.py looks for the shortest clip that still fails.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What a replay shows."""

    REPRODUCED = "reproduced"
    NOT_REPRODUCED = "not_reproduced"
    NOT_COMPARABLE = "not_comparable"


@dataclass(frozen=True, slots=True)
class Difference:
    """Something of this machine that is not as it was recorded."""

    name: str
    recorded: str
    here: str
