"""Records of speech analyses."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

from app.domain.errors.base import Reason
from app.domain.options import DETECTORS, VadOptions

REMEMBERED = 32  # finished decodings and segmentation results that are cached


@dataclass(frozen=True, slots=True)
class Analysis:
    """One analysed recording."""

    id: str
    name: str
    state: Literal["reading", "ready"]
    transcription: str | None
    """The transcription it belongs to; None for a separate upload."""
    duration: float | None = None
    """Seconds, once decoded."""
    channels: int | None = None
    warnings: tuple[Reason, ...] = ()
    owner: str | None = None
    """The person who uploaded it; None without a login, and where it belongs to a transcription."""


def facts_of(analysis: Analysis, facts: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": analysis.name,
        "transcription": analysis.transcription,
        "owner": analysis.owner,
        **{name: facts[name] for name in ("duration", "channels", "warnings")},
    }


def detector_choices() -> Iterator[VadOptions]:
    """Yield every configuration for which a detector judges anew, most requested first."""
    for name, kind in DETECTORS.items():
        judged = {option: values for option, values in kind.own_options.items() if values}
        for values in product(*judged.values()):
            yield VadOptions(detector=name, **dict(zip(judged, values, strict=True)))


def remember(kept_values: OrderedDict[Any, Any], key: Any, value: Any) -> None:
    """Cache the latest value, dropping the oldest."""
    kept_values[key] = value
    kept_values.move_to_end(key)
    while len(kept_values) > REMEMBERED:
        kept_values.popitem(last=False)
