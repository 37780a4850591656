"""Chooses device and precision for CTranslate2: it has its own CUDA build, so torch is not involved."""

from __future__ import annotations

from dataclasses import dataclass

import ctranslate2

from app.domain.errors.base import N_, Reason
from app.domain.errors.inference import DeviceUnavailable
from app.domain.reasons import NO_APPLE, NO_CUDA, NO_TYPE
from app.domain.transcript import Applied
from app.engine.computing.device import KNOWN

BEST = {"cpu": ("int8", "float32"), "cuda": ("float16", "int8_float16", "float32")}
"""Order of preference of `auto`. 8-bit weights are as accurate as single precision, and 5 times as fast."""


@dataclass(frozen=True, slots=True)
class WhisperPlacement:
    """Arguments for CTranslate2."""

    device: str
    """`cpu` or `cuda`."""
    index: int
    compute_type: str
    receipt: tuple[Applied, ...]
    """Device and dtype: requested, applied, why."""

    @property
    def name(self) -> str:
        return f"cuda:{self.index}" if self.device == "cuda" else "cpu"


def choose_placement(device: str, dtype: str, *, allow_fallback: bool) -> WhisperPlacement:
    """Return where to compute.

    Raises:
        DeviceUnavailable: the device is absent, and the fallback is not allowed.
    """
    if not KNOWN.fullmatch(device):
        raise DeviceUnavailable(device=device, reason=N_("Known are auto, cpu, cuda, cuda:N and mps."))
    reason = _why_absent(device)
    if reason and device != "auto" and not allow_fallback:
        raise DeviceUnavailable(device=device, reason=reason)
    return _placed(device, dtype, "cpu" if reason or device == "cpu" else "cuda", reason)


def on_cpu(placement: WhisperPlacement, dtype: str, reason: Reason) -> WhisperPlacement:
    """Return the CPU as replacement for a broken GPU."""
    return _placed(placement.receipt[0].asked, dtype, "cpu", reason)


def _why_absent(device: str) -> Reason | None:
    if device == "cpu":
        return None
    if device == "mps":
        return NO_APPLE
    count = ctranslate2.get_cuda_device_count()
    return None if _index(device) < count else NO_CUDA


def _placed(asked: str, dtype: str, device: str, reason: Reason | None) -> WhisperPlacement:
    index = _index(asked) if device == "cuda" else 0
    supported = ctranslate2.get_supported_compute_types(device, index)
    best = next((name for name in BEST[device] if name in supported), "default")
    applied = best if dtype == "auto" else dtype if dtype in supported else best
    name = f"cuda:{index}" if device == "cuda" else "cpu"
    lines = (
        Applied("device", asked, name, reason),
        Applied("dtype", dtype, applied, None if dtype in ("auto", applied) else NO_TYPE),
    )
    return WhisperPlacement(device, index, applied, lines)


def _index(device: str) -> int:
    number = device.partition(":")[2]
    return int(number) if number else 0
