"""What queue, store and processes cost over the engine alone: the same recording through both, in one run.

    python benchmarks/jobs_overhead.py [--size 48m | --model DIR] [--seconds 180] [--rounds 3] [--threads 2] [--dtype float32]

A real server gets the recording as an upload; its time is that between the end of the preparation and the end of the
job, by the job's own log. The engine alone gets the same segments at once, in this process. The two take turns, and
the fastest of each counts. On a busy machine the computing time says more than the clock: it is printed beside it,
for the inference process and for the server beside it, which has a core of its own.
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
from server import Server, serving
from spoken import write_spoken

from app.domain.options import RecognitionOptions, VadOptions
from app.engine import SAMPLE_RATE, Engine, EngineSpec, Utterance
from app.engine.audio.decoding import read_waveform
from app.engine.audio.facts import DecodeLimits
from app.engine.native.recognizer import load_engine
from app.engine.preparation.preparation import prepare

LIMITS = DecodeLimits(max_seconds=86_400, cpu_seconds=3600, memory_mb=2048)
MOST_OVERHEAD = 0.03


@dataclass
class Timing:
    """The rounds of one way, in seconds."""

    clock: list[float] = field(default_factory=list)
    computing: list[float] = field(default_factory=list)
    """Of the inference process, all cores together."""
    beside: list[float] = field(default_factory=list)
    """Of the server: upload, queue, store, and the questions of this benchmark."""


def main() -> int:
    options = _parse()
    with tempfile.TemporaryDirectory(prefix="jobs-overhead-") as name:
        folder = Path(name)
        model = options.model or build(folder / options.size, options.size)
        recording = folder / "spoken.wav"
        write_spoken(recording, options.seconds)
        utterances = _utterances(folder, recording)
        engine = load_engine(EngineSpec(model, "cpu", options.threads, dtype=options.dtype))
        alone, served = Timing(), Timing()
        with serving(folder, model, threads=options.threads, dtype=options.dtype) as server:
            for _ in range(options.rounds):
                _alone(engine, utterances, alone)
                _served(server, recording, served)
    return _report(model.name, utterances, alone, served)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--size", choices=SIZES, default="48m", help="random weights of this size")
    parser.add_argument("--model", type=Path, help="a model folder instead")
    parser.add_argument("--seconds", type=float, default=180.0, help="length of the recording")
    parser.add_argument("--dtype", default="float32", help="`auto` may choose differently in the two")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


def _utterances(folder: Path, recording: Path) -> list[Utterance]:
    """Return the segments that a job makes of the recording."""
    pcm = folder / "spoken.s16"
    prepared = prepare(recording, pcm, folder / "peaks.json", VadOptions(), LIMITS, lambda: False)
    waveforms = [read_waveform(pcm, span.start, span.end) for span in prepared.spans]
    return [Utterance(waveform, RecognitionOptions()) for waveform in waveforms]


def _alone(engine: Engine, utterances: list[Utterance], timing: Timing) -> None:
    computed, started = time.process_time(), time.perf_counter()
    engine.transcribe(utterances)
    timing.clock.append(time.perf_counter() - started)
    timing.computing.append(time.process_time() - computed)


def _served(server: Server, recording: Path, timing: Timing) -> None:
    computed = server.computing_seconds()
    id = server.submit(recording)
    record = server.end_of(id)
    assert record["state"] == "succeeded", record["error"]
    moments = server.moments(id)
    timing.clock.append((moments["job_succeeded"] - moments["job_prepared"]).total_seconds())
    inferred, own = (now - then for now, then in zip(server.computing_seconds(), computed, strict=True))
    timing.computing.append(inferred)
    timing.beside.append(own)


def _report(model: str, utterances: list[Utterance], alone: Timing, served: Timing) -> int:
    seconds = sum(len(utterance.waveform) for utterance in utterances) / SAMPLE_RATE
    overhead = min(served.clock) / min(alone.clock) - 1
    print(f"{model}: {len(utterances)} segments, {seconds:.0f} s of speech, {len(alone.clock)} rounds")
    print(f"{'':<18}{'clock':>9}{'RTF':>9}{'computing':>12}{'beside':>10}")
    for name, timing in (("engine alone", alone), ("through the queue", served)):
        fastest = min(timing.clock)
        beside = min(timing.beside, default=0.0)
        computing = f"{min(timing.computing):10.2f} s{beside:8.2f} s"
        print(f"{name:<18}{fastest:7.3f} s{fastest / seconds:9.4f}{computing}")
    print(f"overhead by the clock {overhead:.1%} (at most {MOST_OVERHEAD:.0%} is wanted)")
    return int(overhead > MOST_OVERHEAD)


if __name__ == "__main__":
    sys.exit(main())
