"""Time encoder and CTC against the matrix products that they are made of: features, float32, bfloat16 and int8.

    python benchmarks/engine_speed.py [--size 48m] [--threads 2] [--device cuda] [--wenet DIR]
    python benchmarks/engine_speed.py --threads 1 --cpu-time      # where other programs keep the machine busy

The networks have the sizes of WeNet's published U2++ recipes and random weights. The floor is what their matrix
products alone would take at the rate that this machine reaches in the same run: FLOPs over the best measured rate.
All columns are computed in turn, round after round, and each one's shortest time counts, so that a disturbance
hits all of them. With --wenet DIR (a checkout of WeNet) its own encoder takes part with the same weights.
"""

from __future__ import annotations

import argparse
import copy
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from random_model import SIZES, network_config
from torch import Tensor
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode
from wenet_network import wenet_run

from app.domain.transcript import Applied
from app.engine import SAMPLE_RATE
from app.engine.computing.device import use_threads
from app.engine.computing.precision import DtypeChoice, convert
from app.engine.conformer import Conformer, ConformerConfig
from app.engine.features.features import KaldiFbank

CASES = ((1, 10), (1, 60), (8, 10), (8, 60))  # recordings at once, seconds of each
FEWEST_ROUNDS = 2
LARGE_PRODUCT = 2048  # rows and columns of a product at which a processor reaches its best rate
HALF_FLOOR = "floor bfloat16"
FLOOR = "floor float32"

Run = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Product:
    """A matrix product: its factors' sizes (m, k) and (k, n) and what computes it."""

    flops: int
    compute: Run


@dataclass(frozen=True, slots=True)
class Case:
    """The shortest time of each column for some recordings at once, in seconds."""

    size: str
    recordings: int
    seconds: int
    times: dict[str, float]

    def per_second(self, column: str) -> float:
        return self.times[column] / (self.recordings * self.seconds)


def main() -> None:
    options = _parse()
    threads = use_threads(options.threads)
    print(f"{_machine(options.device)}, {threads} threads, torch {torch.__version__}")
    for size in options.size:
        cases = [case for case in measure(size, options) if print_case(case)]
        print_lengths(cases)


def measure(size: str, options: argparse.Namespace) -> Iterator[Case]:
    """Yield the cases of one size."""
    plain = random_network(size)
    networks = {dtype: converted(plain, dtype, options.device) for dtype in _dtypes(options.device)}
    for recordings, seconds in CASES:
        if recordings not in options.batches:
            continue
        features, lengths = sound(recordings, seconds)
        flops = recordings * counted_flops(plain, features[:1], lengths[:1])
        runs = {name: _run(network, features, lengths) for name, network in networks.items()}
        runs["features"] = _features_run(recordings, seconds, options.device)
        if options.wenet:
            runs["WeNet"] = wenet_run(options.wenet, plain, network_config(size), features, lengths)
        products = {dtype: list(comparable_products(size, dtype, options.device)) for dtype in networks}
        times = shortest_times(runs, products, options)
        yield Case(size, recordings, seconds, _with_floors(times, products, flops))


def random_network(size: str) -> Conformer:
    torch.manual_seed(0)
    return Conformer(ConformerConfig.from_yaml_dict(network_config(size))).eval()


def converted(plain: Conformer, dtype: str, device: str) -> Conformer:
    choice = DtypeChoice(dtype, torch.device(device), Applied("dtype", dtype, dtype))
    return convert(copy.deepcopy(plain), choice)


def sound(recordings: int, seconds: int) -> tuple[Tensor, Tensor]:
    """Return features of noise and their lengths: the time does not depend on what is heard."""
    generator = torch.Generator().manual_seed(0)
    waveforms = 0.1 * torch.randn(recordings, seconds * SAMPLE_RATE, generator=generator)
    features, lengths = KaldiFbank()(waveforms, torch.full((recordings,), waveforms.shape[1]))
    return features, lengths


@torch.inference_mode()
def counted_flops(plain: Conformer, features: Tensor, lengths: Tensor) -> int:
    """Count the floating-point operations of all matrix products and convolutions, those of attention too."""
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        plain(features, lengths)
    return int(counter.get_total_flops())


def comparable_products(size: str, dtype: str, device: str) -> Iterator[Product]:
    """Yield the products of the feed-forward layers at 10 s, and a large one; the best rate of them is the peak."""
    width, _, hidden, *_ = SIZES[size]
    torch_dtype = torch.bfloat16 if dtype == "bfloat16" else torch.float32
    for m, k, n in ((249, width, hidden), (249, hidden, width), (LARGE_PRODUCT,) * 3):
        x, weight = (torch.randn(shape).to(device, torch_dtype) for shape in ((m, k), (n, k)))
        yield Product(2 * m * k * n, _product(x, weight))


def _product(x: Tensor, weight: Tensor) -> Run:
    return lambda: functional.linear(x, weight)


def shortest_times(
    runs: dict[str, Run], products: dict[str, list[Product]], options: argparse.Namespace
) -> dict[str, float]:
    """Return the shortest time of each run; those of products are named by precision and number."""
    everything = dict(runs)
    for dtype, some in products.items():
        everything |= {_product_name(dtype, number): product.compute for number, product in enumerate(some)}
    best = dict.fromkeys(everything, float("inf"))
    started, rounds = time.perf_counter(), 0
    with torch.inference_mode():
        for run in everything.values():
            run()
        while rounds < FEWEST_ROUNDS or time.perf_counter() - started < options.seconds:
            rounds += 1
            for name, run in everything.items():
                best[name] = min(best[name], _seconds(run, options))
    return best


def _with_floors(times: dict[str, float], products: dict[str, list[Product]], flops: int) -> dict[str, float]:
    floors = {}
    for dtype, some in products.items():
        rates = [product.flops / times[_product_name(dtype, n)] for n, product in enumerate(some)]
        floors[f"floor {dtype}"] = flops / max(rates)
    return {name: value for name, value in times.items() if not name.startswith("product")} | floors


def _product_name(dtype: str, number: int) -> str:
    return f"product {dtype} {number}"


def _seconds(run: Run, options: argparse.Namespace) -> float:
    clock = time.process_time if options.cpu_time else time.perf_counter
    started = clock()
    run()
    if options.device.startswith("cuda"):
        torch.cuda.synchronize()
    return clock() - started


def _run(network: Conformer, features: Tensor, lengths: Tensor) -> Run:
    device = next(network.parameters()).device
    features, lengths = features.to(device), lengths.to(device)
    return lambda: network(features, lengths)


def _features_run(recordings: int, seconds: int, device: str) -> Run:
    waveforms = (0.1 * torch.randn(recordings, seconds * SAMPLE_RATE)).to(device)
    lengths, fbank = torch.full((recordings,), waveforms.shape[1], device=device), KaldiFbank().to(device)
    return lambda: fbank(waveforms, lengths)


# Output


def print_case(case: Case) -> bool:
    """Print a line; times in milliseconds, float32 over its floor, and the speed of the others over float32's."""
    single = case.times["float32"]
    columns = [f"{case.size:>5} {case.recordings} x {case.seconds} s"]
    columns += [f"{name} {1000 * case.times[name]:.1f} ms" for name in ("features", FLOOR)]
    columns.append(f"float32 {1000 * single:.1f} ms ({single / case.times[FLOOR]:.2f} x floor)")
    columns += [
        f"{name} {1000 * case.times[name]:.1f} ms ({single / case.times[name]:.2f} x as fast)"
        for name in ("bfloat16", "int8", "WeNet")
        if name in case.times
    ]
    columns.append(f"bfloat16 {case.times['bfloat16'] / case.times[HALF_FLOOR]:.2f} x its floor")
    print(" | ".join(columns), flush=True)
    return True


def print_lengths(cases: list[Case]) -> None:
    """Say what a second of a long recording costs beside a second of a short one."""
    for recordings in sorted({case.recordings for case in cases}):
        short, long = (
            next(case for case in cases if (case.recordings, case.seconds) == (recordings, seconds))
            for seconds in (10, 60)
        )
        ratios = [
            f"{name} {long.per_second(name) / short.per_second(name):.2f}"
            for name in ("float32", "bfloat16", "int8", "WeNet")
            if name in short.times
        ]
        rate = short.per_second("float32")
        print(
            f"{short.size:>5} x {recordings}: a second of 60 s over a second of 10 s: {', '.join(ratios)};"
            f" float32 RTF at 10 s {rate:.4f}",
            flush=True,
        )


def _dtypes(device: str) -> tuple[str, ...]:
    return ("float32", "bfloat16", "int8") if device == "cpu" else ("float32", "bfloat16")


def _machine(device: str) -> str:
    if device.startswith("cuda"):
        return torch.cuda.get_device_name(device)
    return f"CPU with {torch.backends.cpu.get_cpu_capability()}"


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", nargs="+", choices=tuple(SIZES), default=list(SIZES))
    parser.add_argument("--batches", nargs="+", type=int, choices=(1, 8), default=[1, 8])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=15.0, help="spent on each case (15)")
    parser.add_argument("--cpu-time", action="store_true", help="for a busy machine, with --threads 1")
    parser.add_argument("--wenet", type=Path, help="a checkout of WeNet, timed beside ours")
    return parser.parse_args()


if __name__ == "__main__":
    main()
