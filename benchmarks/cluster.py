"""What a cluster gains and costs, as ratios in one run, with Ray nodes of one core each on this machine.

    .venv-cluster/bin/python benchmarks/cluster.py [--files 60] [--seconds 20] [--rounds 3] [--only simulated]

simulated  two nodes against one: the same files through queue, store and scheduler, with an engine that takes its time
           without computing, as a card does.
computed   the same with the small built-in model, for which two nodes need two cores that have nothing else to do.
process    one actor against the inference process of this machine, both with the small built-in model on one thread.
scheduler  how many segments per second the scheduler gives to 64 places that answer after 20 ms each.
calls      what one batch costs on its way to an actor and back, for cluster_model.py.

The ways of a ratio take turns, and the fastest round of each counts.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Thread
from typing import TypeAlias

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # .venv-cluster has the packages without the program

import numpy as np
from spoken import write_spoken

from app.domain.options import RecognitionOptions, TranscriptionOptions
from app.domain.states import JobState
from app.engine import SAMPLE_RATE, EngineInfo, EngineSpec, Hypothesis, Utterance, Waveform
from app.engine.audio.facts import DecodeLimits
from app.engine.preparation.pool import PreparationPool
from app.paths import builtin_model_dir
from app.services.cluster.connection import Cluster, Share
from app.services.cluster.pool import ActorPool
from app.services.cluster.scaling import PoolLimits
from app.services.inference.process import InferenceProcess
from app.services.inference.role import Demand, Inference
from app.services.inference.scheduler import InferenceScheduler
from app.services.inference.status import Recognition
from app.services.transcriptions.job_queue import Queue
from app.services.worker.worker import Worker
from app.store.database import open_database
from app.store.files.recordings import Files

LIMITS = DecodeLimits(max_seconds=86_400, cpu_seconds=3600, memory_mb=2048)
OBJECT_STORE_BYTES = 200 << 20
LEAST_GAIN, MOST_COST, LEAST_FED = 1.8, 1.05, 2000
Ways: TypeAlias = Mapping[str, Callable[[], Inference]]
JOBS = 8
PLACES, SEGMENTS, ANSWER_SECONDS = 64, 6000, 0.02


def main() -> int:
    options = _parse()
    is_good = True
    with tempfile.TemporaryDirectory(prefix="cluster-") as name:
        recordings = _recordings(Path(name), options.files, options.seconds)
        if options.only in ("", "scheduler"):
            is_good &= _scheduler()
        if options.only != "scheduler":
            with _machines() as address:
                is_good &= _on_machines(address, recordings, options)
    return int(not is_good)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--files", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=20.0, help="length of each file")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=("simulated", "computed", "process", "scheduler", "calls"), default="")
    return parser.parse_args()


def _recordings(folder: Path, count: int, seconds: float) -> list[bytes]:
    files = []
    for number in range(min(count, 4)):
        file = folder / f"{number}.wav"
        write_spoken(file, seconds, seed=number)
        files.append(file.read_bytes())
    return [files[number % len(files)] for number in range(count)]


@contextmanager
def _machines() -> Iterator[str]:
    """Two nodes of one core."""
    from ray.cluster_utils import Cluster as Machines

    node = {"num_cpus": 1, "object_store_memory": OBJECT_STORE_BYTES, "include_dashboard": False}
    machines = Machines(initialize_head=True, head_node_args=node)
    try:
        machines.add_node(**node)
        yield machines.address
    finally:
        machines.shutdown()


def _on_machines(address: str, recordings: Sequence[bytes], options: argparse.Namespace) -> bool:
    is_good = True
    cluster = Cluster(address)
    for name, spec in (("simulated", _simulated()), ("computed", _small_model())):
        if options.only in ("", name):
            ways: Ways = {f"{count} nodes": partial(_pool, cluster, spec, count) for count in (1, 2)}
            one, two = _fastest(ways, recordings, options.rounds)
            print(f"two nodes against one, {name}: {one / two:.2f} times (at least {LEAST_GAIN} with two free cores)")
            is_good &= one / two >= LEAST_GAIN
    if options.only in ("", "process"):
        model = _small_model()
        ways = {"process": partial(InferenceProcess, model), "actor": partial(_pool, cluster, model, 1)}
        process, actor = _fastest(ways, recordings, options.rounds)
        print(f"one actor against the process of this machine: {actor / process:.3f} of its time (at most {MOST_COST})")
        is_good &= actor / process <= MOST_COST
    if options.only in ("", "calls"):
        _calls(_pool(cluster, _echo(), 1))
    cluster.close()
    return is_good


def _small_model() -> EngineSpec:
    return EngineSpec(builtin_model_dir(), "cpu", 1)


def _simulated() -> EngineSpec:
    return EngineSpec(builtin_model_dir(), "cpu", 1, factory="benchmarks.echo_engine:load")


def _echo() -> EngineSpec:
    return EngineSpec(builtin_model_dir(), "cpu", 1, factory="benchmarks.echo_engine:load_instant")


def _pool(cluster: Cluster, spec: EngineSpec, actors: int) -> ActorPool:
    return ActorPool(spec, cluster, Share(), PoolLimits(actors, actors))


def _fastest(ways: Ways, recordings: Sequence[bytes], rounds: int) -> tuple[float, ...]:
    """Return the fastest round of each way, in seconds."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, make in ways.items():
            times[name].append(_seconds_for(make(), recordings))
            print(f"  {name}: {times[name][-1]:.2f} s", flush=True)
    return tuple(min(seconds) for seconds in times.values())


def _seconds_for(inference: Inference, recordings: Sequence[bytes]) -> float:
    """Return the time from the first upload to the end of the last job."""
    with tempfile.TemporaryDirectory(prefix="cluster-data-") as name, PreparationPool() as preparation:
        database = open_database(Path(name))
        database.migrate()
        files = Files(Path(name))
        queue = Queue(database, files)
        worker = Worker(queue, files, inference, LIMITS, JOBS, pool=preparation)
        with worker.running():
            _wait_until_ready(inference)
            began = time.monotonic()
            ids = [_submitted(queue, recording) for recording in recordings]
            for id in ids:
                while (state := queue.get(id).state) in (JobState.QUEUED, JobState.RUNNING):
                    time.sleep(0.02)
                assert state == JobState.SUCCEEDED, state
            seconds = time.monotonic() - began
        database.close()
    return seconds


def _wait_until_ready(inference: Inference) -> None:
    wanted = getattr(getattr(inference, "_limits", None), "least", 1)
    while inference.status().state != "ready" or inference.places < wanted:
        time.sleep(0.1)


def _submitted(queue: Queue, recording: bytes) -> str:
    with queue.receive("spoken.wav", 10**9) as incoming:
        incoming.write(recording)
        return queue.submit(incoming, TranscriptionOptions(), "api").id


class SimulatedPool:
    """Places that answer after a while; 64 processes would measure this machine."""

    kept_places = 0
    waits_for = None
    tries_alone = 2
    places = PLACES
    batch_seconds = 0.0
    info = EngineInfo("simulated", "cpu", "float32", ("zh",), 0, 0.0, (), ())

    def serve(self, demand: Demand) -> None:
        """Nothing changes."""

    def transcribe(self, utterances: Sequence[Utterance], _timeout_seconds: float) -> Recognition:
        time.sleep(ANSWER_SECONDS)
        hypotheses = tuple(Hypothesis("text", "text", 0.9) for _ in utterances)
        return Recognition(hypotheses, tuple(() for _ in utterances), self.info)


def _scheduler() -> bool:
    scheduler = InferenceScheduler(SimulatedPool(), 30)
    sender = Thread(target=scheduler.run, daemon=True)
    sender.start()
    jobs = [Thread(target=_feed, args=(scheduler, f"job-{number}", SEGMENTS // 8)) for number in range(8)]
    began = time.monotonic()
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    fed = SEGMENTS / (time.monotonic() - began)
    scheduler.stop()
    print(f"the scheduler feeds {PLACES} places with {fed:.0f} segments/s (at least {LEAST_FED})")
    return fed >= LEAST_FED


def _feed(scheduler: InferenceScheduler, name: str, count: int) -> None:
    utterance = Utterance(_silence(8), RecognitionOptions())
    with scheduler.queue(name) as queue:
        sent = done = 0
        while done < count:
            while sent < count and queue.has_room:
                queue.submit(sent, utterance)
                sent += 1
            done += queue.next_result(1.0) is not None


def _silence(seconds: int) -> Waveform:
    return np.zeros(seconds * SAMPLE_RATE, dtype=np.float32)


def _calls(pool: ActorPool) -> None:
    pool.load_now()
    for seconds in (1, 8, 30):
        utterance = Utterance(_silence(seconds), RecognitionOptions())
        times = []
        for _ in range(100):
            began = time.monotonic()
            pool.transcribe([utterance], 30)
            times.append(time.monotonic() - began)
        print(f"a batch of {seconds} s, to an actor and back: {statistics.median(times) * 1000:.1f} ms in the median")
    pool.stop()


if __name__ == "__main__":
    sys.exit(main())
