"""How much audio is computed per batch: initially by device, less when memory runs out, more again later.

Amounts are padded seconds: every waveform of a batch counts with the length of the longest one.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from app.domain.errors.base import Reason
from app.domain.transcript import Applied
from app.engine.computing.device import release_memory

PROBE_SECONDS = 10.0  # of audio, whose memory use is measured on a GPU
RESERVE = 0.3  # of a GPU's free memory, for other shapes, fragmentation and other programs
MOST_SECONDS = 600.0  # a GPU is saturated long before; larger batches would only delay the first text
SUCCESSES = 16  # batches that must succeed before trying more again; doubled with every shortage
MOST_SUCCESSES = 1024

# A large model saturates a CPU with one waveform, and in half precision a batch may change close decisions;
# a small model saves overhead per operation. Measured by benchmarks/batch_sizes.py.
SMALL_MODEL = 20_000_000  # parameters
CPU_SECONDS_SMALL = 60.0
CPU_SECONDS_LARGE = 0.0


class MemoryBudget:
    """The maximum padded seconds of a batch; 0 computes waveforms one by one."""

    def __init__(self, seconds: float, asked: str = "auto") -> None:
        self.most = seconds
        self.seconds = seconds
        self._asked = asked
        self._patience = SUCCESSES
        self._successes = 0

    def shrink(self, failed: float) -> None:
        """Cap at half of the `failed` padded seconds, and wait longer before trying more again."""
        self.seconds = min(self.seconds, failed) / 2
        self._patience = min(2 * self._patience, MOST_SUCCESSES)
        self._successes = 0

    def note_success(self) -> None:
        """Double the cap after enough successful batches, up to its initial value."""
        self._successes += 1
        if self.seconds < self.most and self._successes >= self._patience:
            self.seconds = min(self.most, 2 * self.seconds)
            self._successes = 0

    def line(self, reason: Reason | None = None) -> Applied:
        """Return the receipt line: padded seconds per batch."""
        return Applied("batch", self._asked, _seconds(self.seconds), reason)


def _seconds(seconds: float) -> str:
    return f"{seconds:.3g} s" if seconds else "1"


def choose_budget(
    asked: float, device: torch.device, parameters: int, compute: Callable[[float], object]
) -> MemoryBudget:
    """Return the budget of a loaded model.

    Args:
        asked: requested padded seconds; 0 uses the measured optimum.
        device: where the model is.
        parameters: of the model.
        compute: recognises this many seconds of audio; called on a GPU only.
    """
    if asked:
        return MemoryBudget(asked, f"{asked:g} s")
    if device.type == "cpu":
        return MemoryBudget(CPU_SECONDS_SMALL if parameters < SMALL_MODEL else CPU_SECONDS_LARGE)
    return MemoryBudget(affordable_seconds(device, compute))


def affordable_seconds(device: torch.device, compute: Callable[[float], object]) -> float:
    """Return the padded seconds that fit into a GPU's free memory.

    Args:
        device: a CUDA or MPS device with the model on it.
        compute: recognises this many seconds of audio, like a batch.
    """
    compute(1.0)  # one-time allocations: handles, workspaces, kernels
    before = _reset_peak(device)
    compute(PROBE_SECONDS)
    bytes_per_second = max(1.0, (_peak(device) - before) / PROBE_SECONDS)
    release_memory(device)
    return float(min(MOST_SECONDS, (1 - RESERVE) * _free(device) / bytes_per_second))


def _reset_peak(device: torch.device) -> int:
    if device.type == "mps":
        return torch.mps.current_allocated_memory()
    torch.cuda.reset_peak_memory_stats(device)
    return torch.cuda.memory_allocated(device)


def _peak(device: torch.device) -> int:
    """Return the peak bytes since the last reset; approximated on MPS by the driver's memory."""
    if device.type == "mps":
        return torch.mps.driver_allocated_memory()
    return torch.cuda.max_memory_allocated(device)


def _free(device: torch.device) -> int:
    if device.type == "mps":
        return max(0, torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory())
    return torch.cuda.mem_get_info(device)[0]
