"""Limits for decoding a recording, and facts about its source."""

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
    """Limits for decoding one file."""

    max_seconds: float
    """Longest recording."""
    cpu_seconds: int
    """Computing time."""
    memory_mb: int


@dataclass(frozen=True, slots=True)
class TrackFacts:
    """A sound track as a person tells it from the others."""

    number: int
    """Counted from 1."""
    codec: str
    channels: int
    title: str = ""
    language: str = ""
    """As the file has it: mostly a code of three letters."""


@dataclass(frozen=True, slots=True)
class AudioFacts:
    """Facts about the source of a recording."""

    duration: float
    """Seconds actually decoded, whatever the header says."""
    sample_rate: int
    """Samples per second in the source."""
    channels: int
    codec: str
    container: str
    bit_rate: int | None
    """Bits per second, if the file states it."""
    warnings: tuple[Reason, ...] = ()
    """Warnings for the user."""
    separate: int = 0
    """Number of separately written channels; 0 for the mix of all."""
    channel_levels: tuple[float, ...] = ()
    """dBFS of each channel over the whole recording; empty for many channels, or if their number changes."""
    mixed_because: Reason | None = None
    """Why channels were mixed although separate ones were requested."""
    track: int = 1
    """The sound track that was decoded."""
    tracks: tuple[TrackFacts, ...] = ()
    """All that can be decoded."""
    track_reason: Reason | None = None
    """Why it is not the requested or the first one."""

    def to_dict(self) -> dict[str, Any]:
        reasons = {"mixed_because": self.mixed_because, "track_reason": self.track_reason}
        told = {name: reason.to_dict() if reason else None for name, reason in reasons.items()}
        return asdict(self) | {"warnings": [each.to_dict() for each in self.warnings]} | told

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> AudioFacts:
        """Read the output of `to_dict` after a JSON round trip."""
        return cls(
            **dict(told)
            | {
                "warnings": tuple(filter(None, map(reason_from, told["warnings"]))),
                "channel_levels": tuple(told["channel_levels"]),
                "mixed_because": reason_from(told["mixed_because"]),
                "track_reason": reason_from(told["track_reason"]),
                "tracks": tuple(TrackFacts(**track) for track in told["tracks"]),
            }
        )

    @property
    def files(self) -> tuple[int | None, ...]:
        """The channels with separate files, counted from 1; None is the mix."""
        return tuple(range(1, self.separate + 1)) or (None,)
