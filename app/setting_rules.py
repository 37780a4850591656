"""What can be changed on the settings page, when it takes effect, and the rules between settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.domain.errors.base import N_


class Effect(StrEnum):
    """When a change on the page begins to hold."""

    AT_ONCE = "at_once"
    RELOAD = "reload"
    """The model is loaded again; work that runs is finished first."""
    RESTART = "restart"
    """The server has to be started again."""


ON_PAGE: Mapping[str, Effect] = {
    "device": Effect.RELOAD,
    "allow_device_fallback": Effect.RELOAD,
    "dtype": Effect.RELOAD,
    "threads": Effect.RELOAD,
    "batch_seconds": Effect.RELOAD,
    "model_idle_minutes": Effect.AT_ONCE,
    "vad_detector": Effect.AT_ONCE,
    "vad_threshold": Effect.AT_ONCE,
    "vad_mode": Effect.AT_ONCE,
    "vad_frame_ms": Effect.AT_ONCE,
    "max_segment_ms": Effect.AT_ONCE,
    "min_speech_ms": Effect.AT_ONCE,
    "min_silence_ms": Effect.AT_ONCE,
    "speech_pad_ms": Effect.AT_ONCE,
    "replacements": Effect.AT_ONCE,
    "retention_days": Effect.AT_ONCE,
    "trash_days": Effect.AT_ONCE,
    "max_upload_mb": Effect.AT_ONCE,
    "max_duration_hours": Effect.RESTART,
    "concurrent_jobs": Effect.RESTART,
    "segment_timeout_seconds": Effect.RESTART,
    "decode_cpu_seconds": Effect.RESTART,
    "decode_memory_mb": Effect.RESTART,
    "live_sessions": Effect.RESTART,
    "live_keep_minutes": Effect.RESTART,
    "log_level": Effect.AT_ONCE,
    "log_file_mb": Effect.AT_ONCE,
}
"""What can be changed on the page. Addresses and folders are not: they decide who may come in, and what is read."""


@dataclass(frozen=True, slots=True)
class SettingRule:
    """A rule between settings, each of which may be within its own bounds."""

    names: tuple[str, ...]
    reason: str
    """English message that names every setting of the rule."""
    holds: Callable[[Mapping[str, Any]], bool]


RULES: tuple[SettingRule, ...] = (
    SettingRule(
        ("speech_pad_ms", "max_segment_ms"),
        N_("speech_pad_ms may be at most a quarter of max_segment_ms."),
        lambda values: values["speech_pad_ms"] * 4 <= values["max_segment_ms"],
    ),
    SettingRule(
        ("cluster_min_actors", "cluster_max_actors"),
        N_("cluster_min_actors may not be greater than cluster_max_actors."),
        lambda values: values["cluster_min_actors"] <= values["cluster_max_actors"],
    ),
)


def broken_rules(values: Mapping[str, Any]) -> list[SettingRule]:
    """Return the rules that `values`, one for every setting, do not keep."""
    return [rule for rule in RULES if not rule.holds(values)]
