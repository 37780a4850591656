"""What preparing many short files costs: by a process started for each, and by processes that are kept.

    python benchmarks/many_clips.py [--clips 400] [--seconds 5] [--one-each 40]

Preparing is all that is done before the recognition: decoding, the picture, measuring, finding the speech. The two ways
take turns in blocks, so that a busy machine slows both; as starting a process each takes long, only some clips go that
way. Computing time is that of the children, clock time beside it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it runs from anywhere, uninstalled

import psutil
from spoken import write_spoken

from app.domain.options import VadOptions
from app.engine.audio.facts import DecodeLimits
from app.engine.preparation.preparation import PreparationPool, prepare

LIMITS = DecodeLimits(max_seconds=3600, cpu_seconds=600, memory_mb=2048)
BLOCKS = 4
WANTED = 4.0


@dataclass
class Cost:
    """Seconds of all clips of one way."""

    clips: int = 0
    clock: float = 0.0
    computing: float = 0.0

    def __str__(self) -> str:
        clock, computing = (1000 * value / self.clips for value in (self.clock, self.computing))
        return f"{self.clips:4} clips  {computing:6.1f} ms computing  {clock:6.1f} ms clock, each"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=400)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--one-each", type=int, default=40, help="clips that get a process each")
    options = parser.parse_args()
    each, kept = Cost(), Cost()
    with tempfile.TemporaryDirectory(prefix="many-clips-") as name, PreparationPool() as pool:
        folder = Path(name)
        clips = [folder / f"{number}.wav" for number in range(options.clips)]
        for number, clip in enumerate(clips):
            write_spoken(clip, options.seconds, seed=number)
        size = -(-options.clips // BLOCKS)
        for first in range(0, options.clips, size):
            block = clips[first : first + size]
            _measure(block[: -(-options.one_each // BLOCKS)], folder, None, each)
            _measure(block, folder, pool, kept)
    print(f"a process for each  {each}")
    print(f"kept processes      {kept}")
    gain = (each.computing / each.clips) / (kept.computing / kept.clips)
    print(f"{gain:.1f} times less computing (wanted: {WANTED:g})")
    return 0 if gain >= WANTED else 1


def _measure(clips: list[Path], folder: Path, pool: PreparationPool | None, cost: Cost) -> None:
    began, computed = time.perf_counter(), _computing()
    for clip in clips:
        prepare(clip, folder / "a.s16", folder / "a.json", VadOptions(), LIMITS, lambda: False, pool=pool)
    cost.clips += len(clips)
    cost.clock += time.perf_counter() - began
    cost.computing += _computing() - computed


def _computing() -> float:
    """Return the computing time of this process, its children, and theirs."""
    times = [psutil.Process().cpu_times(), *(child.cpu_times() for child in psutil.Process().children())]
    return sum(each.user + each.system + each.children_user + each.children_system for each in times)


if __name__ == "__main__":
    sys.exit(main())
