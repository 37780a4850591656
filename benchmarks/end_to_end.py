"""A recording from file to text by stages: decoding and speech detection, features and encoder, search, writing.

    python benchmarks/end_to_end.py [--size 48m | --model DIR] [--minutes 10] [--dtype auto] [--threads 2]

Random weights of a published size take as long as trained ones and say nothing. The search is the accurate one: a beam
and the attention decoder. Each round does the whole recording; printed is the fastest one.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it runs from anywhere, uninstalled

from random_model import SIZES, build
from spoken import write_spoken

from app.domain.options import RecognitionOptions, VadOptions
from app.engine import Engine, EngineSpec, Utterance
from app.engine.audio.decoding import read_waveform
from app.engine.audio.facts import DecodeLimits
from app.engine.native.recognizer import load_engine
from app.engine.preparation.preparation import prepare

LIMITS = DecodeLimits(max_seconds=86_400, cpu_seconds=3600, memory_mb=2048)
MOST_RTF = 0.045
STAGES = {"_encode": "features, encoder, CTC", "_search": "beam and rescoring", "_write": "times and writing"}
READING = "decoding, speech detection"


def main() -> int:
    options = _parse()
    with tempfile.TemporaryDirectory(prefix="end-to-end-") as name:
        folder = Path(name)
        model = options.model or build(folder / options.size, options.size)
        recording = options.recording or folder / "spoken.wav"
        if not options.recording:
            write_spoken(recording, 60 * options.minutes)
        engine = load_engine(EngineSpec(model, "cpu", options.threads, dtype=options.dtype))
        times: defaultdict[str, float] = defaultdict(float)
        _time_stages(engine, times)
        rounds = []
        for _ in range(options.rounds):
            times.clear()
            seconds = _read(engine, recording, folder, times, options.quality)
            rounds.append(times.copy())
    fastest = min(rounds, key=lambda one: one["all"])
    return _report(engine, fastest, seconds, options)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--size", choices=SIZES, default="48m", help="random weights of this size")
    parser.add_argument("--model", type=Path, help="a model folder instead")
    parser.add_argument("--recording", type=Path, help="a file instead of espeak-ng's speech")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--dtype", default="auto")
    parser.add_argument("--quality", default="accurate")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2)
    return parser.parse_args()


def _read(engine: Engine, recording: Path, folder: Path, times: defaultdict[str, float], quality: str) -> float:
    """Turn the recording into text and return its length in seconds."""
    began = time.perf_counter()
    pcm = folder / "recording.s16"
    prepared = prepare(recording, pcm, folder / "peaks.json", VadOptions(), LIMITS, lambda: False)
    times[READING] = time.perf_counter() - began
    options = RecognitionOptions(quality=quality)
    engine.transcribe([Utterance(read_waveform(pcm, span.start, span.end), options) for span in prepared.spans])
    times["all"] = time.perf_counter() - began
    return prepared.facts.duration


def _time_stages(engine: Any, times: defaultdict[str, float]) -> None:
    """Wrap the methods of the engine that are its stages."""
    for method, stage in STAGES.items():
        setattr(engine, method, _timed(getattr(engine, method), stage, times))


def _timed(method: Callable[..., Any], stage: str, times: defaultdict[str, float]) -> Callable[..., Any]:
    def timed(*arguments: Any) -> Any:
        began = time.perf_counter()
        try:
            return method(*arguments)
        finally:
            times[stage] += time.perf_counter() - began

    return timed


def _report(engine: Engine, times: defaultdict[str, float], seconds: float, options: argparse.Namespace) -> int:
    info = engine.info
    print(f"{info.model}: {seconds:.0f} s, {info.dtype}, {options.quality}, {options.threads} threads")
    for stage in (READING, *STAGES.values()):
        print(f"{stage:<28}{times[stage]:8.2f} s   RTF {times[stage] / seconds:.4f}")
    rest = times["all"] - sum(times[stage] for stage in (READING, *STAGES.values()))
    print(f"{'rest':<28}{rest:8.2f} s   RTF {rest / seconds:.4f}")
    rtf = times["all"] / seconds
    print(f"{'end to end':<28}{times['all']:8.2f} s   RTF {rtf:.4f}   (at most {MOST_RTF} is wanted)")
    return int(rtf > MOST_RTF)


if __name__ == "__main__":
    sys.exit(main())
