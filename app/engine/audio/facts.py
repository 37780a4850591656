"""What reading a recording may cost, and what it was before it became samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from app.domain.errors.base import Reason
from app.domain.reasons import (
    reason_from,
)


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """What reading one file may cost."""

    max_seconds: float
    """Longest recording."""
    cpu_seconds: int
    """Computing time."""
    memory_mb: int


@dataclass(frozen=True, slots=True)
class AudioFacts:
    """What a recording was before it became samples."""

    duration: float
    """Seconds that were really decoded, whatever the header says."""
    sample_rate: int
    """Samples per second in the source."""
    channels: int
    codec: str
    container: str
    bit_rate: int | None
    """Bits per second, where the file tells."""
    warnings: tuple[Reason, ...] = ()
    """What the reader should know."""
    separate: int = 0
    """How many channels were written apart; 0 for the mix of all."""
    channel_levels: tuple[float, ...] = ()
    """dBFS of each channel over the whole recording; of many channels, or where they change, none."""
    mixed_because: Reason | None = None
    """Why channels that were asked for apart were mixed."""

    def to_dict(self) -> dict[str, Any]:
        mixed = self.mixed_because.to_dict() if self.mixed_because else None
        return asdict(self) | {"warnings": [each.to_dict() for each in self.warnings], "mixed_because": mixed}

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> AudioFacts:
        """Read what `to_dict` returned, after a journey as JSON."""
        return cls(
            **dict(told)
            | {
                "warnings": tuple(filter(None, map(reason_from, told["warnings"]))),
                "channel_levels": tuple(told["channel_levels"]),
                "mixed_because": reason_from(told["mixed_because"]),
            }
        )

    @property
    def files(self) -> tuple[int | None, ...]:
        """The channels that have files of their own, counted from 1; None is the mix."""
        return tuple(range(1, self.separate + 1)) or (None,)
