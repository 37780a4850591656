"""Chooses the device, with the reason; knows torch's devices, but no models."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from app.domain.errors.base import N_, Reason
from app.domain.errors.inference import DeviceUnavailable, OutOfMemory
from app.domain.reasons import DEVICE_REFUSED, NO_APPLE_GPU, NO_CUDA_BUILD, NO_NVIDIA_GPU
from app.domain.transcript import Applied
from app.engine.computing.cores import physical_cores

KNOWN = re.compile(r"auto|cpu|mps|cuda(:\d+)?")
# out-of-memory messages of CUDA, MPS and torch's two CPU allocators (POSIX, Windows)
ONEDNN_OUT_OF_MEMORY = re.compile(r"could not create a (?:primitive|memory)(?! desc)")
"""oneDNN reports a failed allocation like this; a missing descriptor means that an operation is not supported."""
OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")


@dataclass(frozen=True, slots=True)
class DeviceChoice:
    device: torch.device
    receipt: tuple[Applied, ...]
    """The device: requested, applied, why."""


def choose_device(asked: str, *, allow_fallback: bool = False) -> DeviceChoice:
    """Return the requested device; `auto` prefers CUDA, then MPS, then the CPU.

    Args:
        asked: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`.
        allow_fallback: use the CPU if the device is absent, and say so in the receipt.

    Raises:
        DeviceUnavailable: it is absent, and the fallback is not allowed.
    """
    if not KNOWN.fullmatch(asked):
        raise DeviceUnavailable(device=asked, reason=N_("Known are auto, cpu, cuda, cuda:N and mps."))
    if asked == "auto":
        return _automatic()
    reason = why_absent(asked)
    if not reason:
        return _chosen(asked, asked)
    if allow_fallback:
        return fall_back(asked, reason)
    raise DeviceUnavailable(device=asked, reason=reason)


def fall_back(asked: str, reason: Reason) -> DeviceChoice:
    """Return the CPU, with the reason why it is not the requested device."""
    return _chosen(asked, "cpu", reason)


def _automatic() -> DeviceChoice:
    reasons: list[Reason] = []
    for name in ("cuda", "mps"):
        reason = why_absent(name)
        if not reason:
            return _chosen("auto", name)
        reasons.append(reason)
    return _chosen("auto", "cpu", reasons[0])


def _chosen(asked: str, name: str, reason: Reason | None = None) -> DeviceChoice:
    return DeviceChoice(torch.device(name), (Applied("device", asked, name, reason),))


def why_absent(name: str) -> Reason | None:
    """Return why a device cannot be used, or None if a first computation on it succeeds.

    Whether its results are right is tested with the network itself; see precision.py.
    """
    if name.startswith("cuda") and torch.version.cuda is None and torch.version.hip is None:
        return NO_CUDA_BUILD
    if name.startswith("cuda") and not torch.cuda.is_available():
        return NO_NVIDIA_GPU
    if name == "mps" and not torch.backends.mps.is_available():
        return NO_APPLE_GPU
    try:
        torch.ones(8, device=name).sum().item()
    except (RuntimeError, AssertionError) as error:
        return DEVICE_REFUSED.of(detail=str(error).splitlines()[0])
    return None


def use_threads(threads: int) -> int:
    """Set the CPU threads of one computation and return them; 0 means the physical cores less one.

    One core stays free for the web process and for decoding: with other busy processes, two threads on two cores took
    7 to 12 times as long as one; without, one takes 1.7 times as long as two.
    """
    threads = threads or max(1, physical_cores() - 1)
    torch.set_num_threads(threads)
    return threads


def bound_shape_caches() -> None:
    """Limit oneDNN's caches; called before the first computation of a process.

    It caches primitives for up to a thousand shapes: several megabytes for each length of a recording, which hardly ever
    recurs. Within one pass through a network a few are enough.
    """
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "32")
    os.environ.setdefault("LRU_CACHE_CAPACITY", "16")  # torch's own layer above


@contextmanager
def memory_errors_named() -> Iterator[None]:
    """Convert torch's out-of-memory errors to OutOfMemory; other errors pass through."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise OutOfMemory(detail=(str(error).splitlines() or ["MemoryError"])[0]) from error


def is_out_of_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    message = str(error).lower()
    return any(words in message for words in OUT_OF_MEMORY) or bool(ONEDNN_OUT_OF_MEMORY.search(message))


def clear_cache(name: str) -> int:
    """Release a GPU's cached blocks and return their size in bytes."""
    device = torch.device(name)
    before = _reserved_bytes(device)
    release_memory(device)
    return max(0, before - _reserved_bytes(device))


def _reserved_bytes(device: torch.device) -> int:
    if device.type == "cuda":
        return torch.cuda.memory_reserved(device)
    return int(torch.mps.driver_allocated_memory()) if device.type == "mps" else 0


def release_memory(device: torch.device) -> None:
    """Release a GPU's cached blocks, so that the next, smaller attempt can use them."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()
