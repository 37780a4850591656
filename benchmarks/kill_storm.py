"""Kill the server again and again while recordings go in and are transcribed, then count what was lost or done twice.

    python benchmarks/kill_storm.py [--kills 100] [--uploads 20] [--engine model|echo] [--seed 1] [--minutes 600]

The server is `python -m app serve` in a process of its own with a data folder of its own. It gets SIGKILL at random
moments; the uploads are spread over the whole storm, so that some are cut off as well: the client sends those again,
as a person would. Only what was answered with 201 counts as acknowledged. `echo` stands in for a model: it waits
0.2 s for each segment and says how loud it is; it is taken where models/builtin is empty. Exit code 1 if anything
acknowledged is missing, a segment was finished twice, a job has not ended, or something was left behind.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import http.client
import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from threading import Event, Thread
from typing import Any, TypeAlias

import av
import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it runs from anywhere, uninstalled

from app.paths import builtin_model_dir

Samples: TypeAlias = npt.NDArray[np.int16]

REPOSITORY = Path(__file__).resolve().parents[1]
RATE = 16_000
API = "/api/v1/transcriptions"
LONGEST_LIFE_SECONDS = 4.0  # of a server before it is killed
YOUNG_DEATHS = 0.25  # the share of kills that do not wait until the server answers
PATIENCE_SECONDS = 900  # for the jobs to end after the last kill
FINAL = ("succeeded", "failed", "cancelled")
KEPT = {"job.log", "peaks.json", "recording.json"}


@dataclass
class Storm:
    """One run: its folder, its server, and what the client knows."""

    folder: Path
    engine: str
    port: int
    chance: random.Random
    acknowledged: dict[str, int] = field(default_factory=dict)
    """Ids that were answered with 201, and which recording each was made of."""
    cut_off: int = 0
    stages: collections.Counter[str] = field(default_factory=collections.Counter)
    """What the server was doing when it was killed, and how often."""

    @property
    def data(self) -> Path:
        return self.folder / "data"


def main() -> int:
    options = _parse()
    if options.serve_echo:
        return _serve_echo(options.serve_echo, options.port)
    with tempfile.TemporaryDirectory(prefix="kill-storm-") as folder:
        storm = Storm(Path(folder), options.engine, free_port(), random.Random(options.seed))
        kills = _rage(storm, options.kills, options.uploads, time.monotonic() + 60 * options.minutes)
        records = _let_it_end(storm)
        return _report(storm, records, kills)


def _parse() -> argparse.Namespace:
    has_model = (builtin_model_dir() / "train.yaml").exists()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--uploads", type=int, default=20)
    parser.add_argument("--engine", choices=("model", "echo"), default="model" if has_model else "echo")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=600, help="after which it ends with fewer kills (600)")
    parser.add_argument("--serve-echo", type=Path, metavar="FOLDER", help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


# The storm


def _rage(storm: Storm, kills: int, uploads: int, end: float) -> int:
    """Kill the server `kills` times, fewer if it takes too long; the client sends its files one by one meanwhile."""
    recordings = [recording(number) for number in range(4)]
    done = 0
    is_over = Event()

    def send_all() -> None:
        for number in range(uploads):
            while done < number * kills // uploads and not is_over.wait(0.05):
                pass
            if is_over.is_set():
                return
            _send_until_acknowledged(storm, recordings[number % 4], number % 4)

    client = Thread(target=send_all)
    client.start()
    while done < kills and time.monotonic() < end:
        server = _start(storm)
        if storm.chance.random() > YOUNG_DEATHS:
            _wait_for_answers(storm.port)
        time.sleep(storm.chance.uniform(0, LONGEST_LIFE_SECONDS))
        os.kill(server.pid, signal.SIGKILL)
        server.wait()
        storm.stages[_stage(storm)] += 1
        done += 1
        print(f"\r{done} kills, {len(storm.acknowledged)} acknowledged ", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    if done < kills:
        is_over.set()
    with _serving(storm):  # the last upload may still wait for a server that lives long enough
        client.join()
    return done


def _start(storm: Storm) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "app", "serve", "--port", str(storm.port)]
    command += ["--data-dir", str(storm.data), "--log-dir", str(storm.folder / "logs")]
    environment = dict(os.environ)
    if storm.engine == "echo":
        command = [sys.executable, __file__, "--serve-echo", str(storm.folder), "--port", str(storm.port)]
        environment = os.environ | {"FUNASR_VAD_DETECTOR": "webrtcvad"}  # Silero takes no babble for speech
    with (storm.folder / "output").open("ab") as output:
        return subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=output, stderr=output)


def _wait_for_answers(port: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, http.client.HTTPException):
            ask(port, f"{API}?limit=1")
            return
        time.sleep(0.05)


@contextmanager
def _serving(storm: Storm) -> Iterator[None]:
    server = _start(storm)
    try:
        yield
    finally:
        server.terminate()
        server.wait()


def _stage(storm: Storm) -> str:
    """Say what the job that was begun first was at when the server died."""
    query = "SELECT stage FROM transcriptions WHERE state IN ('running', 'queued') ORDER BY state DESC, queue_order"
    with contextlib.suppress(sqlite3.OperationalError), closing(_database(storm)) as database:
        row = database.execute(query).fetchone()
        return row[0] if row else "idle"
    return "no database yet"


def _database(storm: Storm) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{storm.data / 'app.db'}?mode=ro", uri=True)


# The client


def _send_until_acknowledged(storm: Storm, recording: bytes, kind: int) -> None:
    while True:
        try:
            storm.acknowledged[send(storm.port, recording, kind)] = kind
        except ConnectionRefusedError:
            time.sleep(0.05)
        except (OSError, http.client.HTTPException):
            storm.cut_off += 1
        else:
            return


def send(port: int, recording: bytes, kind: int) -> str:
    """Send one recording and return its id."""
    boundary = "kill-storm"
    head = f'--{boundary}\r\ncontent-disposition: form-data; name="file"; filename="storm {kind}.wav"\r\n\r\n'
    body = head.encode() + recording + f"\r\n--{boundary}--\r\n".encode()
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        kind_of_body = {"content-type": f"multipart/form-data; boundary={boundary}"}
        connection.request("POST", API, body, kind_of_body)
        answer = connection.getresponse()
        content = answer.read()
    if answer.status != http.HTTPStatus.CREATED:
        raise http.client.HTTPException(content.decode())
    return str(json.loads(content)["id"])


def ask(port: int, path: str) -> Any:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("GET", path)
        return json.load(connection.getresponse())


def recording(kind: int) -> bytes:
    """A WAV of several spoken pieces: the built-in model's golden sample, or a babble that counts as speech."""
    pause = np.zeros(round(1.2 * RATE), dtype=np.int16)
    pieces = [pause]
    for number in range(5 + kind):
        pieces += [_piece(level=0.15 + 0.1 * ((number + kind) % 7)), pause]
    with tempfile.TemporaryFile() as file:
        with wave.open(file, "wb") as wav:
            wav.setparams((1, 2, RATE, 0, "NONE", ""))
            wav.writeframes(np.concatenate(pieces).tobytes())
        file.seek(0)
        return file.read()


def _piece(level: float) -> Samples:
    golden = builtin_model_dir() / "golden.flac"
    return _decoded(golden) if golden.is_file() else babble(level)


@cache
def _decoded(file: Path) -> Samples:
    with av.open(file) as container:
        frames = [frame.to_ndarray() for frame in container.decode(audio=0)]
    samples: Samples = np.concatenate(frames, axis=None).astype(np.int16)
    return samples


def babble(level: float) -> Samples:
    """A second and a half of something that counts as speech."""
    times = np.arange(round(1.5 * RATE)) / RATE
    pitch = 2 * np.pi * (120 * times + 3 * np.sin(2 * np.pi * 0.7 * times))
    formants = [(n, np.exp(-(((120 * n - f) / 250) ** 2))) for n in range(1, 28) for f in (600, 1400, 2500)]
    sound = sum(weight * np.sin(n * pitch) for n, weight in formants)
    sound *= 0.55 - 0.45 * np.cos(2 * np.pi * 5 * times)
    piece: Samples = (level * 32767 * sound / np.abs(sound).max()).astype(np.int16)
    return piece


# The count


def _let_it_end(storm: Storm) -> dict[str, dict[str, Any]]:
    """Start the server once more, wait until every job has ended, and return all of them with their segments."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    with _serving(storm):
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                items = ask(storm.port, f"{API}?limit=200")["items"]
                if all(item["state"] in FINAL for item in items):
                    break
            time.sleep(0.3)
        return {item["id"]: ask(storm.port, f"{API}/{item['id']}") for item in items}


def _report(storm: Storm, records: dict[str, dict[str, Any]], kills: int) -> int:
    finished = _times_finished(storm)
    done = sum(record["progress"]["segments_done"] for record in records.values())
    texts = collections.defaultdict(set)
    for id, kind in storm.acknowledged.items():
        texts[kind].add(records[id]["text"] if id in records else None)
    lost = len(storm.acknowledged.keys() - records.keys())
    twice = sum(count > 1 for count in finished.values())
    unfinished = sum(record["state"] not in FINAL for record in records.values())
    left = _left_behind(storm)
    facts: dict[str, object] = {
        "engine": storm.engine,
        "kills": kills,
        "  while (stage of the oldest job)": dict(storm.stages),
        "uploads acknowledged (201)": len(storm.acknowledged),
        "uploads cut off and sent again": storm.cut_off,
        "  of these kept all the same": len(records.keys() - storm.acknowledged.keys()),
        "acknowledged and LOST": lost,
        "states": dict(collections.Counter(record["state"] for record in records.values())),
        "jobs that did not end": unfinished,
        "segments done": done,
        "  finished by the log": len(finished),
        "segments finished TWICE": twice,
        "recordings with differing texts": sum(len(found) > 1 for found in texts.values()),
        "files left behind": left or 0,
    }
    for name, fact in facts.items():
        print(f"{name:<36}{fact}")
    return 1 if lost or twice or unfinished or left else 0


def _times_finished(storm: Storm) -> collections.Counter[tuple[str, str]]:
    """How often each segment was finished: one line of the log follows each commit."""
    lines = [line for path in (storm.folder / "logs").glob("app.log*") for line in _lines(path)]
    words = [line.split() for line in lines if " segment_finished " in line]
    return collections.Counter((found[3], found[6]) for found in words)


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def _left_behind(storm: Storm) -> list[str]:
    folders = [storm.data / name for name in ("incoming", "trash", "workers")]
    left = [path for folder in folders for path in folder.iterdir()]
    for folder in (storm.data / "transcriptions").iterdir():
        left += [path for path in folder.iterdir() if path.name not in KEPT and path.stem != "source"]
    return [str(path.relative_to(storm.data)) for path in left]


# The stand-in for a model


def _serve_echo(folder: Path, port: int) -> int:
    import uvicorn

    from app.engine import EngineSpec
    from app.logging import setup_logging
    from app.main import create_app
    from app.settings import Settings

    settings = Settings(data_dir=folder / "data", log_dir=folder / "logs", port=port)
    setup_logging(settings.log_dir)
    spec = EngineSpec(model_dir=folder, factory="benchmarks.echo_engine:load")
    uvicorn.run(create_app(settings, spec=spec), port=port, log_config=None)
    return 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
