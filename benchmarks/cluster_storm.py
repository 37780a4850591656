"""Kill actors, nodes and workers at random while recordings are read, and count what was lost or done twice.

    .venv-cluster/bin/python benchmarks/cluster_storm.py --kills 100 --uploads 40

Real Ray nodes on this machine, a real worker (`python -m app worker`) and the small built-in model. Counted in the
database: jobs that did not succeed, segments that were finished twice, segments without a text.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # .venv-cluster has the packages without the program

import psutil
from spoken import write_spoken

from app.domain.options import TranscriptionOptions
from app.paths import builtin_model_dir
from app.services.transcriptions.job_queue import Queue
from app.store.database import open_database
from app.store.files.recordings import Files

REPOSITORY = Path(__file__).resolve().parents[1]
NODE = {"num_cpus": 1, "object_store_memory": 150 << 20, "include_dashboard": False}
PATIENCE_SECONDS = 600.0  # without any progress
COUNTED = """
CREATE TABLE finished (id, number);
CREATE TRIGGER count_finished AFTER UPDATE OF state ON segments WHEN new.state = 'done'
BEGIN INSERT INTO finished VALUES (new.transcription_id, new."index"); END;
"""


@dataclass
class Storm:
    """What can be killed, and what was."""

    machines: Any
    folder: Path
    worker: subprocess.Popen[bytes]
    nodes: list[Any] = field(default_factory=list)
    killed: Counter[str] = field(default_factory=Counter)

    def kill_one(self) -> None:
        what = random.choices(("actor", "node", "worker"), (6, 2, 2))[0]
        if getattr(self, f"kill_{what}")():
            self.killed[what] += 1

    def kill_actor(self) -> bool:
        actors = [process for process in self._descendants() if "InferenceActor" in " ".join(process.cmdline())]
        if actors:
            random.choice(actors).kill()
        return bool(actors)

    def kill_node(self) -> bool:
        if not self.nodes:
            return False
        self.machines.remove_node(self.nodes.pop(), allow_graceful=False)
        self.nodes.append(self.machines.add_node(**NODE))
        return True

    def kill_worker(self) -> bool:
        self.worker.send_signal(signal.SIGKILL)
        self.worker.wait()
        self.worker = start_worker(self.folder, self.machines.address)
        return True

    def _descendants(self) -> Iterator[psutil.Process]:
        for process in psutil.Process().children(recursive=True):
            try:
                process.cmdline()
            except psutil.NoSuchProcess:
                continue
            yield process


def main() -> int:
    options = _parse()
    random.seed(options.seed)
    with tempfile.TemporaryDirectory(prefix="storm-") as name, _machines() as machines:
        folder = Path(name)
        database = open_database(folder)
        database.migrate()
        queue = Queue(database, Files(folder))
        with closing(sqlite3.connect(folder / "app.db")) as connection:
            connection.executescript(COUNTED)
        write_spoken(folder / "spoken.wav", options.seconds)
        ids = [_submitted(queue, (folder / "spoken.wav").read_bytes()) for _ in range(options.uploads)]
        storm = Storm(machines, folder, start_worker(folder, machines.address), [machines.add_node(**NODE)])
        try:
            _rage(storm, folder, options)
            left = _wait_for_the_end(folder)
        finally:
            storm.worker.terminate()
            storm.worker.wait(30)
        database.close()
        return _report(folder, ids, storm, left)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--uploads", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=40.0, help="length of each recording")
    parser.add_argument("--pause", type=float, default=4.0, help="seconds between kills, at most")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


@contextmanager
def _machines() -> Iterator[Any]:
    from ray.cluster_utils import Cluster as Machines

    machines = Machines(initialize_head=True, head_node_args=NODE)
    try:
        yield machines
    finally:
        machines.shutdown()


def start_worker(folder: Path, address: str) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "PYTHONPATH": str(REPOSITORY),
        "FUNASR_CLUSTER": address,
        "FUNASR_CLUSTER_MIN_ACTORS": "2",
        "FUNASR_CLUSTER_MAX_ACTORS": "2",
        "FUNASR_CONCURRENT_JOBS": "3",
        "FUNASR_MODEL": str(builtin_model_dir()),
        "FUNASR_DEVICE": "cpu",
    }
    command = [sys.executable, "-m", "app", "worker", "--data-dir", str(folder), "--log-dir", str(folder / "logs")]
    return subprocess.Popen(
        command, env=environment, cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def _submitted(queue: Queue, recording: bytes) -> str:
    with queue.receive("spoken.wav", 10**9) as incoming:
        incoming.write(recording)
        return queue.submit(incoming, TranscriptionOptions(), "api").id


def _rage(storm: Storm, folder: Path, options: argparse.Namespace) -> None:
    while storm.killed.total() < options.kills and _unfinished(folder):
        time.sleep(random.uniform(options.pause / 4, options.pause))
        storm.kill_one()
        print(f"\r{dict(storm.killed)}, {_unfinished(folder)} jobs left ", end="", flush=True)
    print()


def _wait_for_the_end(folder: Path) -> int:
    """Return how many jobs have not ended although nothing was killed any more."""
    last, since = -1, time.monotonic()
    while left := _unfinished(folder):
        done = _one(folder, "SELECT count(*) FROM finished")
        if done != last:
            last, since = done, time.monotonic()
        if time.monotonic() - since > PATIENCE_SECONDS:
            return left
        time.sleep(1)
    return 0


def _unfinished(folder: Path) -> int:
    return _one(folder, "SELECT count(*) FROM transcriptions WHERE state IN ('queued', 'running')")


def _one(folder: Path, question: str) -> int:
    with closing(sqlite3.connect(folder / "app.db", timeout=60)) as connection:
        return int(connection.execute(question).fetchone()[0])


def _report(folder: Path, ids: list[str], storm: Storm, left: int) -> int:
    lost = len(ids) - _one(folder, "SELECT count(*) FROM transcriptions WHERE state = 'succeeded'") - left
    twice = _one(folder, "SELECT count(*) FROM (SELECT 1 FROM finished GROUP BY id, number HAVING count(*) > 1)")
    open_segments = _one(folder, "SELECT count(*) FROM segments WHERE state != 'done'")
    finished = _one(folder, "SELECT count(*) FROM finished")
    print(f"killed {dict(storm.killed)}; {len(ids)} jobs, {finished} segments")
    print(f"jobs that failed {lost}, that hang {left}; segments without text {open_segments}, finished twice {twice}")
    return int(bool(lost or left or twice or open_segments))


if __name__ == "__main__":
    sys.exit(main())
