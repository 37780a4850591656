"""Measure how many padded seconds are worth computing at once: one by one against sorted batches, in one run.

    python benchmarks/batch_sizes.py [--model DIR | --size 48m] [--dtypes float32,bfloat16] [--caps 0,10,20,30,60,120]

A recording of espeak-ng's speech is cut as jobs cut it, and its segments are recognised under each cap (0 is one by
one); the rounds of all caps take turns, and the fastest of each counts. Printed are the RTF, the ratios to one by one,
and whether the texts are the same. The rule in app/engine/computing/memory_budget.py comes from here.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it runs from anywhere, uninstalled

from random_model import SIZES, build
from spoken import write_spoken

from app.domain.options import RecognitionOptions, VadOptions
from app.engine import SAMPLE_RATE, Engine, EngineSpec, Utterance
from app.engine.audio.decoding import read_waveform
from app.engine.audio.facts import DecodeLimits
from app.engine.native.recognizer import load_engine
from app.engine.preparation.preparation import prepare
from app.paths import builtin_model_dir

LIMITS = DecodeLimits(max_seconds=86_400, cpu_seconds=3600, memory_mb=2048)


@dataclass
class Trial:
    """The rounds of one cap, in seconds, and the texts of the last."""

    clock: list[float] = field(default_factory=list)
    computing: list[float] = field(default_factory=list)
    """Of all cores together: on a busy machine it says more than the clock."""
    texts: list[str] = field(default_factory=list)

    def run(self, engine: Engine, utterances: list[Utterance]) -> None:
        started, computed = time.perf_counter(), time.process_time()
        self.texts = [hypothesis.text_raw for hypothesis in engine.transcribe(utterances)]
        self.clock.append(time.perf_counter() - started)
        self.computing.append(time.process_time() - computed)


def main() -> None:
    options = _parse()
    with tempfile.TemporaryDirectory(prefix="batch-sizes-") as name:
        folder = Path(name)
        model = build(folder / options.size, options.size) if options.size else options.model
        utterances = _utterances(folder, options.seconds, options.quality)
        seconds = sum(len(utterance.waveform) for utterance in utterances) / SAMPLE_RATE
        print(f"{model.name}: {len(utterances)} segments, {seconds:.0f} s of speech, {options.threads} threads")
        for dtype in options.dtypes.split(","):
            _compare(model, dtype, options, utterances)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--model", type=Path, default=builtin_model_dir())
    parser.add_argument("--size", choices=SIZES, help="random weights of this size instead of --model")
    parser.add_argument("--dtypes", default="float32,bfloat16")
    parser.add_argument("--caps", default="0,10,20,30,60,120", help="padded seconds")
    parser.add_argument("--quality", default="accurate")
    parser.add_argument("--seconds", type=float, default=120.0, help="length of the recording")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


def _utterances(folder: Path, seconds: float, quality: str) -> list[Utterance]:
    """Return the segments of a recording, as a job gets them."""
    write_spoken(folder / "spoken.wav", seconds)
    pcm = folder / "spoken.s16"
    peaks = folder / "peaks.json"
    prepared = prepare(folder / "spoken.wav", pcm, peaks, VadOptions(), LIMITS, lambda: False)
    waveforms = [read_waveform(pcm, span.start, span.end) for span in prepared.spans]
    return [Utterance(waveform, RecognitionOptions(quality=quality)) for waveform in waveforms]


def _compare(model: Path, dtype: str, options: argparse.Namespace, utterances: list[Utterance]) -> None:
    caps = [float(cap) for cap in options.caps.split(",")]
    engines = [_engine(model, dtype, options.threads, cap) for cap in caps]
    trials = [Trial() for _ in caps]
    for _ in range(options.rounds):
        for engine, trial in zip(engines, trials, strict=True):
            trial.run(engine, utterances)
    seconds = sum(len(utterance.waveform) for utterance in utterances) / SAMPLE_RATE
    first = trials[0]
    for cap, trial in zip(caps, trials, strict=True):
        rtf, ratio = min(trial.clock) / seconds, min(trial.clock) / min(first.clock)
        computing = min(trial.computing) / min(first.computing)
        same = sum(one == other for one, other in zip(trial.texts, first.texts, strict=True))
        print(
            f"{dtype:>9}  {cap:4.0f} s  RTF {rtf:.4f}  clock {ratio:5.2f}  computing {computing:5.2f}"
            f"  {same}/{len(utterances)} texts the same"
        )


def _engine(model: Path, dtype: str, threads: int, cap: float) -> Engine:
    one_by_one = 0.001  # 0 would let the engine choose
    return load_engine(EngineSpec(model, "cpu", threads, dtype=dtype, batch_seconds=cap or one_by_one))


if __name__ == "__main__":
    main()
