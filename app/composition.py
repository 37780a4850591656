"""From settings to the plain values that engine and jobs take; used by the composition roots only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.engine import EngineSpec
from app.engine.audio import DecodeLimits
from app.engine.vad import VadOptions

if TYPE_CHECKING:
    from app.settings import Settings


def engine_spec(settings: Settings) -> EngineSpec:
    return EngineSpec(
        model_dir=settings.model,
        device=settings.device,
        threads=settings.threads,
        dtype=settings.dtype,
        allow_fallback=settings.allow_device_fallback,
        batch_seconds=settings.batch_seconds,
        punctuation_model=settings.punctuation_model,
    )


def decode_limits(settings: Settings) -> DecodeLimits:
    return DecodeLimits(
        max_seconds=settings.max_duration_hours * 3600,
        cpu_seconds=settings.decode_cpu_seconds,
        memory_mb=settings.decode_memory_mb,
    )


def vad_options(settings: Settings) -> VadOptions:
    return VadOptions(
        mode=settings.vad_mode,
        frame_ms=settings.vad_frame_ms,
        max_segment_ms=settings.max_segment_ms,
        min_speech_ms=settings.min_speech_ms,
        min_silence_ms=settings.min_silence_ms,
        speech_pad_ms=settings.speech_pad_ms,
    )
