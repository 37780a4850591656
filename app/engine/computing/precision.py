"""Chooses device and precision of a network by trying it there, with its own weights, against the CPU.

A device or a precision whose results differ from the CPU in single precision is refused, with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import torch

from app.domain.errors.base import Reason
from app.domain.errors.inference import DeviceUnavailable
from app.domain.reasons import (
    DEVICE_REFUSED,
    FAST_ENOUGH,
    FASTER,
    INT8_ON_CPU,
    MPS_IN_SINGLE,
    NO_HALF,
    NOT_FASTER,
    SLOW_INT8,
    WRONG_NUMBERS,
    WRONG_PRECISION,
)
from app.domain.transcript import Applied
from app.engine import DTYPES
from app.engine.computing.device import choose_device, fall_back, is_out_of_memory
from app.engine.computing.linear import Int8Linear, int8_times_as_fast, linear_for
from app.engine.computing.network import Network
from app.engine.computing.trial import Run, Trial, times_as_fast, trial_run

TOLERABLE = 0.25  # speedup: a processor with 8-bit instructions comes near single precision even in a tiny product
WORTHWHILE = 1.2  # minimum speedup over single precision to justify the rounding
SMALL_NETWORK = 20_000_000  # parameters; below, half precision gains little on a CPU, except by chance

NetworkT = TypeVar("NetworkT", bound=Network)

FLOAT32 = "float32"
TORCH_DTYPES = {"bfloat16": torch.bfloat16, "float16": torch.float16}
"""Types of the weights; float32 and int8 start from single precision."""
NATIVE_ON_CPU = {"bfloat16": "_is_mkldnn_bf16_supported", "float16": "_is_mkldnn_fp16_supported"}
"""The torch functions that query the processor."""


@dataclass(frozen=True, slots=True)
class DtypeChoice:
    """Precision and device of the weights, and why."""

    dtype: str
    """`float32`, `bfloat16`, `float16` or `int8`."""
    device: torch.device
    receipt: Applied
    """dtype: requested, applied, reason."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Device and precision of a network, and why."""

    device: torch.device
    dtype: str
    receipt: tuple[Applied, ...]
    """Device and dtype: requested, applied, why."""


def place(model: Network, device: str = "auto", dtype: str = "auto", *, allow_fallback: bool = False) -> Placement:
    """Choose device and precision, move the network there and freeze it.

    Args:
        model: the network, on the CPU, in single precision; changed in place.
        device: see choose_device.
        dtype: see choose_dtype.
        allow_fallback: use the CPU if the device is absent or broken; `auto` always does.

    Raises:
        DeviceUnavailable: the device is absent or broken, and the fallback is not allowed.
        RuntimeError: from torch when out of memory; see memory_errors_named.
    """
    chosen = choose_device(device, allow_fallback=allow_fallback)
    try:
        precision = choose_dtype(dtype, chosen.device, model)
    except DeviceUnavailable as broken:
        if not allow_fallback and device != "auto":
            raise
        chosen = fall_back(device, broken.params["reason"])
        precision = choose_dtype(dtype, chosen.device, model)
    convert(model, precision)
    return Placement(chosen.device, precision.dtype, (*chosen.receipt, precision.receipt))


def choose_dtype(asked: str, device: torch.device, model: Network) -> DtypeChoice:
    """Return a precision in which the network's results match the CPU in single precision.

    `auto` is bfloat16 on CUDA (float16 where the GPU lacks it), single precision on MPS, and on a CPU bfloat16
    where the processor has it and it is clearly faster with this network, which must not be small. What is asked for
    is taken even where it gains nothing, but for int8 on a processor that has no instructions for it.

    Args:
        asked: one of DTYPES.
        device: where the network will compute.
        model: the network, on the CPU, in single precision.

    Raises:
        DeviceUnavailable: the device fails or gives wrong results even in single precision.
        ValueError: `asked` is not in DTYPES.
    """
    if asked not in DTYPES:
        raise ValueError(asked)
    wanted, why_not = _wanted(asked, device, model)
    if wanted == FLOAT32 and device.type == "cpu":
        return _choice(asked, FLOAT32, device, why_not)
    bench = _Bench(model)
    if wanted != FLOAT32:
        choice = bench.try_precision(asked, wanted, device)
        if choice.dtype == wanted:
            return choice
        why_not = choice.receipt.reason
    bench.check_single_precision(device)
    return _choice(asked, FLOAT32, device, why_not)


def convert(model: NetworkT, choice: DtypeChoice) -> NetworkT:
    """Move the network to its device and precision and freeze it, in place.

    Feature normalisation and all probabilities stay in single precision.
    """
    model.change(choice.device, TORCH_DTYPES.get(choice.dtype, torch.float32))
    model.freeze(Int8Linear if choice.dtype == "int8" else linear_for(choice.device, model.dtype))
    return model


def _wanted(asked: str, device: torch.device, model: Network) -> tuple[str, Reason | None]:
    """Return the precision to try, or float32 and why nothing else is tried."""
    if asked == "auto":
        return _automatic(device, model)
    if asked == "int8" and device.type != "cpu":
        return FLOAT32, INT8_ON_CPU
    if asked == "int8" and (gain := int8_times_as_fast()) < TOLERABLE:
        return FLOAT32, SLOW_INT8.of(times=f"{1 / gain:.0f}")
    if device.type == "cpu" and not _is_native(asked):
        return FLOAT32, NO_HALF
    return asked, None


def _automatic(device: torch.device, model: Network) -> tuple[str, Reason | None]:
    if device.type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
        return ("bfloat16" if native else "float16"), None
    if device.type == "mps":
        return FLOAT32, MPS_IN_SINGLE
    if sum(parameter.numel() for parameter in model.parameters()) < SMALL_NETWORK:
        return FLOAT32, FAST_ENOUGH
    return ("bfloat16", None) if _is_native("bfloat16") else (FLOAT32, NO_HALF)


def _is_native(dtype: str) -> bool:
    """Return whether this processor supports it natively; for int8 see int8_times_as_fast."""
    if dtype not in NATIVE_ON_CPU:
        return True
    supported = getattr(torch.ops.mkldnn, NATIVE_ON_CPU[dtype], None)
    return supported is not None and bool(supported())


class _Bench:
    """Tries copies of one network."""

    def __init__(self, model: Network) -> None:
        self._model = model
        self._cpu = self._run(FLOAT32, torch.device("cpu"))
        self._reference = Trial(self._cpu())

    def try_precision(self, asked: str, dtype: str, device: torch.device) -> DtypeChoice:
        """Return `dtype` with its speedup, or float32 with the reason against it."""
        try:
            run = self._run(dtype, device)
            trial = Trial(run())
        except RuntimeError as error:
            return _choice(asked, FLOAT32, device, _why_failed(error))
        if not trial.equals(self._reference):
            return _choice(asked, FLOAT32, device, WRONG_PRECISION.of(share=self._agreement(trial)))
        if device.type != "cpu":
            return _choice(asked, dtype, device, None)
        gain = times_as_fast(self._cpu, run)
        if asked == "auto" and gain < WORTHWHILE:
            return _choice(asked, FLOAT32, device, NOT_FASTER.of(gain=f"{gain:.2f}"))
        return _choice(asked, dtype, device, FASTER.of(gain=f"{gain:.1f}"))

    def check_single_precision(self, device: torch.device) -> None:
        """Raise DeviceUnavailable if the device's results differ from the CPU's."""
        if device.type == "cpu":
            return
        try:
            trial = Trial(self._run(FLOAT32, device)())
        except RuntimeError as error:
            raise DeviceUnavailable(device=str(device), reason=_why_failed(error)) from error
        if not trial.equals(self._reference):
            reason = WRONG_NUMBERS.of(share=self._agreement(trial))
            raise DeviceUnavailable(device=str(device), reason=reason)

    def _run(self, dtype: str, device: torch.device) -> Run:
        network = convert(self._model.trial_copy(), _choice("", dtype, device, None))
        return trial_run(network, device)

    def _agreement(self, trial: Trial) -> str:
        return f"{100 * trial.agreement(self._reference):.1f} %"


def _choice(asked: str, dtype: str, device: torch.device, reason: Reason | None) -> DtypeChoice:
    return DtypeChoice(dtype, device, Applied("dtype", asked, dtype, reason))


def _why_failed(error: RuntimeError) -> Reason:
    """Return the first line of an error; out-of-memory errors are not the device's fault and are re-raised."""
    if is_out_of_memory(error):
        raise error
    return DEVICE_REFUSED.of(detail=(str(error).splitlines() or [type(error).__name__])[0])
