"""What is known of a recording whose speech is shown."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from app.domain.errors.base import Reason
from app.domain.options import SILERO, WEBRTCVAD, WEBRTCVAD_FRAME_MS, WEBRTCVAD_MODES, VadOptions

REMEMBERED = 32  # readings whose end is remembered, and results of cutting


@dataclass(frozen=True, slots=True)
class Analysis:
    """One recording that is looked at."""

    id: str
    name: str
    state: Literal["reading", "ready"]
    transcription: str | None
    """Whose recording it is; None for an upload of its own."""
    duration: float | None = None
    """Seconds, once it has been read."""
    channels: int | None = None
    warnings: tuple[Reason, ...] = ()


def facts_of(analysis: Analysis, facts: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": analysis.name,
        "transcription": analysis.transcription,
        **{name: facts[name] for name in ("duration", "channels", "warnings")},
    }


def detector_choices() -> Iterator[VadOptions]:
    """Yield every way to judge frames, what is asked for most first."""
    yield VadOptions(detector=SILERO)
    for frame_ms in sorted(WEBRTCVAD_FRAME_MS, reverse=True):
        for mode in WEBRTCVAD_MODES:
            yield VadOptions(detector=WEBRTCVAD, mode=mode, frame_ms=frame_ms)


def remember(kept_values: OrderedDict[Any, Any], key: Any, value: Any) -> None:
    """Keep the latest; the oldest goes."""
    kept_values[key] = value
    kept_values.move_to_end(key)
    while len(kept_values) > REMEMBERED:
        kept_values.popitem(last=False)
