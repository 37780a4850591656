"""The memory of a very long recording: a real server transcribes it while every process is watched.

    python benchmarks/ten_hours.py [--hours 10] [--model DIR | --size 48m] [--threads 2]

The recording is espeak-ng's speech with pauses, made on the spot (115 MB an hour). Watched is the resident memory of
the server, of the child that prepares (decoding, speech detection) and of the one that infers. What they hold before
the upload is the model and the program; the bound is on what all of them together take beyond that. Memory that does
not grow with the recording shows in the last column: the peak of the second half of the job over that of the first.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it runs from anywhere, uninstalled

from random_model import SIZES, build
from server import serving
from spoken import write_spoken

from app.paths import builtin_model_dir

MOST_BYTES = 500_000_000  # above the model
LOOK_SECONDS = 0.25
ROLES = {"preparation_child": "preparation", "spawn_main": "inference"}


@dataclass
class Watch:
    """The resident memory of a server and its children, look by look."""

    looks: list[dict[str, int]] = field(default_factory=list)

    def look(self, server: psutil.Process) -> None:
        look = {"server": server.memory_info().rss}
        for child in server.children(recursive=True):
            with suppress(psutil.Error):
                command = " ".join(child.cmdline())
                role = next((role for mark, role in ROLES.items() if mark in command), "other")
                look[role] = look.get(role, 0) + child.memory_info().rss
        self.looks.append(look)

    def peak(self, role: str, half: int | None = None) -> int:
        """Return the most bytes of one role, or of `all` together, in the whole or in one half."""
        middle = len(self.looks) // 2
        looks = self.looks if half is None else (self.looks[:middle], self.looks[middle:])[half]
        return max((sum(look.values()) if role == "all" else look.get(role, 0) for look in looks), default=0)


def main() -> int:
    options = _parse()
    with tempfile.TemporaryDirectory(prefix="ten-hours-") as name:
        folder = Path(name)
        model = build(folder / options.size, options.size) if options.size else options.model
        recording = folder / "spoken.wav"
        write_spoken(recording, 3600 * options.hours)
        before, during = Watch(), Watch()
        settings = {"max_upload_mb": "8192", "max_duration_hours": "48", "log_level": "INFO"}
        with serving(folder, model, threads=options.threads, **settings) as server:
            process = psutil.Process(server.pid)
            before.look(process)
            with _watching(during, process):
                started = time.perf_counter()
                id = server.submit(recording)
                record = server.end_of(id)
            seconds = time.perf_counter() - started
    progress = record["progress"]
    print(f"{model.name}: {options.hours:g} h, {progress['segments_total']} segments, {record['state']}")
    print(f"upload to text: {seconds:.0f} s, RTF {seconds / 3600 / options.hours:.4f}")
    return _report(before, during) or int(record["state"] != "succeeded")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--hours", type=float, default=10.0)
    parser.add_argument("--model", type=Path, default=builtin_model_dir())
    parser.add_argument("--size", choices=SIZES, help="random weights of this size instead of --model")
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


@contextmanager
def _watching(watch: Watch, process: psutil.Process) -> Iterator[None]:
    done = Event()

    def look_on() -> None:
        while not done.wait(LOOK_SECONDS):
            watch.look(process)

    thread = Thread(target=look_on)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _report(before: Watch, during: Watch) -> int:
    print(f"{'MB':<12}{'before':>8}{'peak':>8}{'above':>8}{'2nd/1st half':>14}")
    for role in ("server", "preparation", "inference", "all"):
        first, second = during.peak(role, 0), during.peak(role, 1)
        above = during.peak(role) - before.peak(role)
        growth = f"{second / first:.2f}" if first and second else "-"
        print(f"{role:<12}{_mb(before.peak(role)):>8}{_mb(during.peak(role)):>8}{_mb(above):>8}{growth:>14}")
    above = during.peak("all") - before.peak("all")
    print(f"above the model: {_mb(above)} MB (at most {_mb(MOST_BYTES)} MB are wanted)")
    return int(above > MOST_BYTES)


def _mb(count: int) -> str:
    return f"{count / 1e6:.0f}"


if __name__ == "__main__":
    sys.exit(main())
