"""Send a batch of hundreds of files while the server is killed again and again, then count what was lost or doubled.

    python benchmarks/batch_storm.py [--files 300] [--kills 10] [--seed 1]

The server gets SIGKILL at random moments, from the first announcement until half of the files are read; it is started
again at the same address. Three senders go on as the page does: they ask what is on the disk and send the rest. Every
tenth file has the content of another one, and one is no recording. The stand-in for a model waits 0.2 s for each
piece. Exit code 1 unless every file is there once, byte for byte, read once, and nothing is left behind.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import hashlib
import http.client
import io
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it runs from anywhere, uninstalled

from kill_storm import RATE, babble

from app.store.database import open_database

REPOSITORY = Path(__file__).resolve().parents[1]
API = "/api/v1"
SENDERS = 3
SLICE_BYTES = 16 * 1024  # small, so that many kills come in the middle of a file
TRY_SECONDS = 0.1
LONGEST_LIFE_SECONDS = 5.0  # of a server before it is killed
PATIENCE_SECONDS = 1800


@dataclass
class Storm:
    """One run: its folder, its server, its files, and what happened."""

    folder: Path
    port: int
    chance: random.Random
    files: dict[str, bytes]
    batch: str = ""
    conflicts: int = 0
    broken: int = 0


def main() -> int:
    options = _parse()
    with tempfile.TemporaryDirectory(prefix="batch-storm-") as folder:
        storm = Storm(Path(folder), _free_port(), random.Random(options.seed), _files(options.files))
        began = time.monotonic()
        _rage(storm, options.kills)
        items = _let_it_end(storm)
        return _report(storm, items, options.kills, time.monotonic() - began)


# The storm


def _rage(storm: Storm, kills: int) -> None:
    """Kill the server `kills` times; the senders send meanwhile, and what is here is read."""
    waiting: SimpleQueue[str] = SimpleQueue()
    for name in storm.files:
        waiting.put(name)
    with _serving(storm):
        storm.batch = _ask(storm, "POST", "/batches", {"name": "storm"})["id"]
    senders = [Thread(target=_send_all, args=(storm, waiting)) for _ in range(SENDERS)]
    for sender in senders:
        sender.start()
    for number in range(kills):
        server = _start(storm)
        _wait_for_answers(storm)
        time.sleep(storm.chance.uniform(0, LONGEST_LIFE_SECONDS))
        os.kill(server.pid, signal.SIGKILL)
        server.wait()
        print(f"\r{number + 1} kills ", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    with _serving(storm):
        for sender in senders:
            sender.join()


def _start(storm: Storm) -> subprocess.Popen[bytes]:
    program = [sys.executable, "-P", "-m", "benchmarks.kill_storm"]
    command = [*program, "--serve-echo", str(storm.folder), "--port", str(storm.port)]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    with (storm.folder / "output").open("ab") as output:
        return subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=output, stderr=output)


@contextmanager
def _serving(storm: Storm) -> Iterator[None]:
    server = _start(storm)
    try:
        _wait_for_answers(storm)
        yield
    finally:
        server.terminate()
        server.wait()


def _wait_for_answers(storm: Storm) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, http.client.HTTPException):
            _ask(storm, "GET", "/health")
            return
        time.sleep(TRY_SECONDS)


# The senders


def _send_all(storm: Storm, waiting: SimpleQueue[str]) -> None:
    with contextlib.suppress(Empty):
        while True:
            _send(storm, waiting.get_nowait())


def _send(storm: Storm, name: str) -> None:
    """Send one file as the page does: whatever breaks, ask where to go on."""
    data = storm.files[name]
    announced = {"name": name, "path": name, "size_bytes": len(data), "modified_ms": 1}
    upload = _steadily(storm, "POST", f"/batches/{storm.batch}/uploads", announced)
    offset = upload["offset"]
    while offset < len(data):
        try:
            piece = data[offset : offset + SLICE_BYTES]
            offset = _ask(storm, "PATCH", f"/uploads/{upload['id']}", piece, offset)["offset"]
        except (OSError, http.client.HTTPException):
            storm.broken += 1
            time.sleep(TRY_SECONDS)
            offset = _steadily(storm, "GET", f"/uploads/{upload['id']}")["offset"]


def _steadily(storm: Storm, method: str, path: str, body: Any = None) -> Any:
    while True:
        try:
            return _ask(storm, method, path, body)
        except (OSError, http.client.HTTPException):
            time.sleep(TRY_SECONDS)


def _ask(storm: Storm, method: str, path: str, body: Any = None, offset: int | None = None) -> Any:
    headers = {"content-type": "application/json"}
    if offset is not None:
        headers = {"content-type": "application/offset+octet-stream", "upload-offset": str(offset)}
    content = body if isinstance(body, bytes) or body is None else json.dumps(body)
    with closing(http.client.HTTPConnection("127.0.0.1", storm.port, timeout=60)) as connection:
        connection.request(method, API + path, content, headers)
        answer = connection.getresponse()
        told = json.load(answer)
    if answer.status >= http.HTTPStatus.BAD_REQUEST:
        storm.conflicts += told["error"]["code"] == "upload_offset_conflict"
        raise http.client.HTTPException(told["error"]["code"])
    return told


def _files(count: int) -> dict[str, bytes]:
    """Recordings that differ in their content, except for every tenth, and one that is none."""
    files = {f"call {number:03}.wav": _recording(number - number % 10 // 9) for number in range(count)}
    files["no recording.mp3"] = b"not a song, only its words\n" * 500
    return files


def _recording(number: int) -> bytes:
    pause = np.zeros(RATE // 2 + 16 * number, dtype=np.int16)
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setparams((1, 2, RATE, 0, "NONE", ""))
        wav.writeframes(np.concatenate([pause, babble(0.2 + 0.1 * (number % 7)), pause]).tobytes())
    return file.getvalue()


# The count


def _let_it_end(storm: Storm) -> list[dict[str, Any]]:
    """Start the server once more, wait until the batch is done, and return its list."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    with _serving(storm):
        while _ask(storm, "GET", f"/batches/{storm.batch}")["state"] != "done":
            if time.monotonic() > deadline:
                break
            time.sleep(0.3)
        items: list[dict[str, Any]] = []
        while page := _ask(storm, "GET", f"/batches/{storm.batch}/items?limit=500&offset={len(items)}")["items"]:
            items += page
        return items


def _report(storm: Storm, items: list[dict[str, Any]], kills: int, seconds: float) -> int:
    names = collections.Counter(item["name"] for item in items)
    finished = _times_finished(storm)
    states = collections.Counter(item["state"] for item in items)
    contents = {hashlib.sha256(data).hexdigest() for data in storm.files.values()}
    kept = _kept(storm)
    left = [
        str(path.relative_to(storm.folder))
        for name in ("uploads", "incoming", "trash", "workers")
        for path in (storm.folder / "data" / name).iterdir()
    ]
    wrong = {
        "files LOST": len(storm.files.keys() - names.keys()),
        "files in the list TWICE": sum(count > 1 for count in names.values()),
        "contents missing, changed or kept TWICE": len(contents ^ kept.keys()) + sum(n > 1 for n in kept.values()),
        "segments finished TWICE": sum(count > 1 for count in finished.values()),
        "files that did not end": sum(states[state] for state in ("uploading", "queued", "running")),
        "recordings that failed": states["failed"] - 1,
        "files left behind": len(left),
    }
    facts = {
        "files": len(storm.files),
        "kills": kills,
        "seconds": round(seconds),
        "connections that broke": storm.broken,
        "  of these told another place": storm.conflicts,
        "states": dict(states),
    }
    for name, fact in {**facts, **wrong}.items():
        print(f"{name:<42}{fact}")
    return 1 if any(wrong.values()) else 0


def _kept(storm: Storm) -> collections.Counter[str]:
    """Return the checksum of each recording on the disk, after comparing it with what the database says."""
    url = os.environ.get("FUNASR_DATABASE_URL", "")
    with closing(open_database(storm.folder / "data", url)) as database, database.reading() as connection:
        rows = connection.exec_driver_sql("SELECT id, sha256 FROM transcriptions")
        told = {row.id: row.sha256 for row in rows}
    kept: collections.Counter[str] = collections.Counter()
    for folder in (storm.folder / "data" / "transcriptions").iterdir():
        [source] = folder.glob("source*")
        found = hashlib.sha256(source.read_bytes()).hexdigest()
        kept[found if told.get(folder.name) == found else "another"] += 1
    return kept


def _times_finished(storm: Storm) -> collections.Counter[tuple[str, str]]:
    """How often each segment was finished: one line of the log follows each commit."""
    files = (storm.folder / "logs").glob("app.log*")
    lines = [line for path in files for line in path.read_text(encoding="utf-8").splitlines()]
    words = [line.split() for line in lines if " segment_finished " in line]
    return collections.Counter((found[3], found[6]) for found in words)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=300)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
