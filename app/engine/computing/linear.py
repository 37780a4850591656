"""Linear layers for inference: packed for oneDNN on x86 processors, or with 8-bit weights, with fused activations.

Shape suffixes: N outputs, K inputs.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.backends import cpu

PACKED_ROWS = 1024  # rows for which oneDNN chooses the layout of a weight; as fast with fewer or more
PROBE_ROUNDS = 3
INT8_ROWS = 256  # rows per step: intermediate results fit the cache
FUSED = {nn.SiLU: ("swish", ""), nn.ReLU: ("relu", ""), nn.GELU: ("gelu", "none")}
"""Activations that oneDNN fuses, with its name and algorithm."""


LinearLayer = Callable[[Tensor, Tensor | None, nn.Module | None], nn.Module]
"""From weight (N, K), bias (N,) and the activation that follows to a layer."""


class PlainLinear(nn.Module):
    """A linear layer and its activation, by operations available on every device."""

    def __init__(self, weight_NK: Tensor, bias_N: Tensor | None, activation: nn.Module | None) -> None:
        super().__init__()
        self.weight = _constant(weight_NK)
        self.bias = None if bias_N is None else _constant(bias_N)
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        y = F.linear(x, self.weight, self.bias)
        return y if self.activation is None else self.activation(y)


class OneDnnLinear(nn.Module):
    """A linear layer in oneDNN's layout: on AMD processors a fifth faster than the MKL behind F.linear."""

    def __init__(self, weight_NK: Tensor, bias_N: Tensor | None, activation: nn.Module | None) -> None:
        super().__init__()
        self.weight = _constant(_onednn("_reorder_linear_weight")(weight_NK, PACKED_ROWS))
        self.bias = None if bias_N is None else _constant(bias_N)
        self.compute = _onednn("_linear_pointwise")
        self.fused, self.algorithm = FUSED.get(type(activation), ("none", ""))
        self.activation = None if self.fused != "none" else activation

    def forward(self, x: Tensor) -> Tensor:
        y = self.compute(x, self.weight, self.bias, self.fused, [], self.algorithm)
        return y if self.activation is None else self.activation(y)


class Int8Linear(nn.Module):
    """8-bit weights with a scale per output; inputs are rounded to 8 bits with a scale per frame.

    Scales are independent between frames, so a recording does not depend on its neighbours in a batch.
    """

    def __init__(self, weight_NK: Tensor, bias_N: Tensor | None, activation: nn.Module | None) -> None:
        super().__init__()
        scale_N = _scale(weight_NK)
        self.weight_KN = _constant(_rounded(weight_NK, scale_N).t().contiguous())
        self.scale_N = _constant(scale_N[:, 0])
        self.bias = _constant(torch.zeros_like(self.scale_N) if bias_N is None else bias_N)
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        blocks = [self._compute(rows) for rows in torch.split(x.reshape(-1, x.shape[-1]), INT8_ROWS)]
        y = blocks[0] if len(blocks) == 1 else torch.cat(blocks)
        return y.view(*x.shape[:-1], len(self.bias))

    def _compute(self, rows: Tensor) -> Tensor:
        scale = _scale(rows)
        y = torch._int_mm(_rounded(rows, scale), self.weight_KN)  # noqa: SLF001 -- torch has no other name for it
        y = torch.addcmul(self.bias, y.to(rows.dtype).mul_(scale), self.scale_N)
        return y if self.activation is None else self.activation(y)


def linear_for(device: torch.device, dtype: torch.dtype) -> LinearLayer:
    """Return the fastest linear layer for a device and precision."""
    if device.type == "cpu" and dtype in (torch.float32, torch.bfloat16) and has_onednn():
        return OneDnnLinear
    return PlainLinear


@cache
@torch.inference_mode()
def int8_times_as_fast() -> float:
    """Return the speedup of 8-bit products over single precision on this processor.

    Without instructions for it (VNNI, i8mm) torch's scalar code is 20 to 55 times slower, whatever the network.
    """
    weight_NK = torch.randn(INT8_ROWS, INT8_ROWS)
    exact, rounded = PlainLinear(weight_NK, None, None), Int8Linear(weight_NK, None, None)
    rows = torch.randn(INT8_ROWS, INT8_ROWS)
    seconds = [float("inf"), float("inf")]
    for _ in range(PROBE_ROUNDS):  # alternating, so that a disturbance affects both
        for index, layer in enumerate((exact, rounded)):
            started = time.perf_counter()
            layer(rows)
            seconds[index] = min(seconds[index], time.perf_counter() - started)
    return seconds[0] / seconds[1]


def has_onednn() -> bool:
    """Return whether torch was built with oneDNN and runs on a processor on which it was measured to be faster."""
    return hasattr(torch.ops.mkldnn, "_linear_pointwise") and cpu.get_cpu_capability().startswith("AVX")


def _onednn(name: str) -> Callable[..., Tensor]:
    """Return a private operation that torch's compiler uses for frozen layers, available since torch 2.0."""
    operation: Callable[..., Tensor] = getattr(torch.ops.mkldnn, name)
    return operation


def _scale(x: Tensor) -> Tensor:
    """Return the quantisation step of every row (rows, 1)."""
    return x.abs().amax(-1, keepdim=True).mul_(1 / 127).clamp_(min=1e-12)


def _rounded(x: Tensor, scale: Tensor) -> Tensor:
    return (x / scale).round_().to(torch.int8)


def _constant(tensor: Tensor) -> nn.Parameter:
    return nn.Parameter(tensor.detach(), requires_grad=False)
