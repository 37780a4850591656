"""Looks at this machine's devices in a process of its own: `python -m app.engine.computing.probe --device auto` prints JSON.

Importing torch, asking a driver and the first computation may each crash; then only this process dies, and its exit
status and last words are the finding. Knows no model.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict, dataclass

MATMUL_SIZE = 512
MATMUL_ROUNDS = 8


@dataclass(frozen=True, slots=True)
class Found:
    """One kind of device."""

    name: str
    label: str
    """What the driver calls it; empty where it is absent."""
    reason: str
    """Why it cannot be used; empty where it can."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What a look at the machine found."""

    torch: str
    devices: tuple[Found, ...]
    device: str
    """The one that was asked for, or that `auto` takes; empty where there is none."""
    reason: str
    """Why there is none, or why it is not the one asked for."""
    gflops: float
    """Thousand million operations a second of a small matrix product on it."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="auto")
    json.dump(asdict(probe(parser.parse_args().device)), sys.stdout)


def probe(asked: str) -> Probe:
    """Look at every device, then compute on the one that `asked` means."""
    import torch

    from app.domain.errors.inference import DeviceUnavailable
    from app.engine.computing.device import choose_device, why_absent

    devices = tuple(
        Found(name, "" if (why := why_absent(name)) else _label(name), str(why or "")) for name in _names(torch)
    )
    try:
        choice = choose_device(asked)
    except DeviceUnavailable as error:
        return Probe(str(torch.__version__), devices, "", str(error.params["reason"]), 0.0)
    reason = str(choice.receipt[0].reason or "")
    gflops = _gflops(torch, str(choice.device))
    return Probe(str(torch.__version__), devices, str(choice.device), reason, gflops)


def _names(torch) -> list[str]:  # type: ignore[no-untyped-def]  # a module has no type
    """Return what may be there; a second NVIDIA card has a name of its own."""
    cards = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return ["cuda", *(f"cuda:{number}" for number in range(1, cards)), "mps", "cpu"]


def _label(name: str) -> str:
    import torch

    from app.engine.computing.cores import physical_cores

    if name.startswith("cuda"):
        card = torch.cuda.get_device_properties(torch.device(name))
        return f"{card.name}, {card.total_memory >> 20} MB"
    return "Apple GPU" if name == "mps" else f"{physical_cores()} cores"


def _gflops(torch, device: str) -> float:  # type: ignore[no-untyped-def]  # a module has no type
    square = torch.ones(MATMUL_SIZE, MATMUL_SIZE, device=device)
    (square @ square).sum().item()  # loads what the first computation needs
    started = time.perf_counter()
    for _ in range(MATMUL_ROUNDS):
        product = square @ square
    product.sum().item()  # waits for a GPU
    seconds = time.perf_counter() - started
    return float(2 * MATMUL_SIZE**3 * MATMUL_ROUNDS / seconds / 1e9)


if __name__ == "__main__":
    main()
