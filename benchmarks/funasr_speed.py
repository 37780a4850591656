"""Time models of the FunASR family in our engine against FunASR's own generate(), with the same random weights.

    .venv-funasr/bin/python benchmarks/funasr_speed.py sensevoice [--files 60] [--threads 2] [--dtype auto]
    .venv-funasr/bin/python benchmarks/funasr_speed.py paraformer      # or: seaco [--hotwords 20]

Networks of the published sizes read files of 5 to 20 seconds one by one. Each of the two has a process of its own;
they take turns, file by file, so that a disturbance hits both, and each one's processor time is counted beside the
time that passes, for machines that are busy. Both read greedily; ours also gives times. .venv-funasr is made by
scripts/test.sh.
"""

from __future__ import annotations

import argparse
import io
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # .venv-funasr has the packages without the program

from funasr_models import BUILDS, noise

from app.domain.hotwords import listed_hotwords
from app.domain.options import RecognitionOptions
from app.engine import EngineSpec, Utterance, Waveform

SHORTEST, LONGEST = 5.0, 20.0  # seconds of a file
READERS = ("ours", "funasr")

Read = Callable[[Waveform], str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", choices=sorted(BUILDS))
    parser.add_argument("--files", type=int, default=60)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--dtype", default="auto")
    parser.add_argument("--hotwords", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder for the random models, which are not built again then")
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(arguments.threads)
    with TemporaryDirectory() as place:
        folder = (arguments.keep or Path(place)) / arguments.model
        if not (folder / "model.pt").exists():
            BUILDS[arguments.model](folder)
        _compare(folder, arguments)


def _compare(folder: Path, arguments: argparse.Namespace) -> None:
    step = (LONGEST - SHORTEST) / max(1, arguments.files - 1)
    lengths = [SHORTEST + step * place for place in range(arguments.files)]
    totals = {reader: [0.0, 0.0, 0.0] for reader in READERS}
    connections = {reader: _started(reader, folder, arguments) for reader in READERS}
    for reader in READERS:
        _ask(connections[reader], noise(SHORTEST, 0))  # the first one prepares what later ones find ready
    for seed, seconds in enumerate(lengths, 1):
        for reader in READERS if seed % 2 else reversed(READERS):
            passed, computed, peak = _ask(connections[reader], noise(seconds, seed))
            totals[reader][0] += passed
            totals[reader][1] += computed
            totals[reader][2] = peak
        sys.stdout.write(".")
        sys.stdout.flush()
    for connection in connections.values():
        connection.send(None)
    _tell(totals, sum(lengths))


def _tell(totals: dict[str, list[float]], seconds: float) -> None:
    sys.stdout.write(f"\n{seconds:.0f} s of sound\n{'':8}  RTF     cpu s/s  peak MB\n")
    for reader, (passed, computed, peak) in totals.items():
        sys.stdout.write(f"{reader:8}  {passed / seconds:.4f}  {computed / seconds:.4f}   {peak:.0f}\n")
    gains = [theirs / ours for ours, theirs in zip(*(totals[reader] for reader in READERS), strict=True)]
    sys.stdout.write(f"times as fast: {gains[0]:.2f}, by processor time {gains[1]:.2f}; memory {1 / gains[2]:.2f}\n")


# Processes


def _started(reader: str, folder: Path, arguments: argparse.Namespace) -> Connection:
    ours, theirs = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    context.Process(target=_serve, args=(reader, folder, arguments, theirs), daemon=True).start()
    theirs.close()
    ours.recv()
    return ours


def _ask(connection: Connection, waveform: Waveform) -> tuple[float, float, float]:
    """Return what a file costs: seconds passed, seconds of processors, and the process's peak memory in MB."""
    connection.send(waveform)
    answer: tuple[float, float, float] = connection.recv()
    return answer


def _serve(reader: str, folder: Path, arguments: argparse.Namespace, connection: Connection) -> None:
    hotwords = [chr(0x4E00 + 2 * place) + chr(0x4E01 + 2 * place) for place in range(arguments.hotwords)]
    load = _our_reader if reader == "ours" else _their_reader
    read = load(folder, arguments, hotwords)
    connection.send("ready")
    while (waveform := connection.recv()) is not None:
        passed, computed = time.perf_counter(), time.process_time()
        read(waveform)
        passed, computed = time.perf_counter() - passed, time.process_time() - computed
        connection.send((passed, computed, _peak_megabytes()))


def _our_reader(folder: Path, arguments: argparse.Namespace, hotwords: Sequence[str]) -> Read:
    from app.engine.funasr import load_engine

    engine = load_engine(EngineSpec(folder, device="cpu", threads=arguments.threads, dtype=arguments.dtype))
    options = RecognitionOptions(quality="fast", hotwords=listed_hotwords(hotwords))
    return lambda waveform: engine.transcribe([Utterance(waveform, options)])[0].text


def _their_reader(folder: Path, arguments: argparse.Namespace, hotwords: Sequence[str]) -> Read:
    import torch
    from funasr import AutoModel

    with redirect_stdout(io.StringIO()):
        auto: Any = AutoModel(
            model=str(folder),
            device="cpu",
            ncpu=arguments.threads,
            disable_update=True,
            disable_pbar=True,
            log_level="ERROR",
        )
    options = {"hotword": " ".join(hotwords)} if hotwords else {}
    return lambda waveform: str(auto.generate([torch.tensor(waveform)], **options)[0]["text"])


def _peak_megabytes() -> float:
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    [peak] = [line for line in lines if line.startswith("VmHWM")]
    return int(peak.split()[1]) / 1000


if __name__ == "__main__":
    main()
