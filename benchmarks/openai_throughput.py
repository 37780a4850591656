"""Compare 32 clients that send recordings to OpenAI's API at the same time with the same recordings as one batch.

    python benchmarks/openai_throughput.py [--clients 32] [--seconds 20] [--rounds 3] [--model DIR]

espeak-ng speaks. Each round sends the files both ways to one server, in turns, so that a busy machine slows both: as a
batch, by three senders as the page does, until the batch is done; and by as many clients as there are files, each with a
connection of its own, until the last has its text. Between them the history is emptied, so that no file is known.
Counted is the clock, and what server and inference process compute. Exit code 1 where the clients lose more than 3 %.
"""

from __future__ import annotations

import argparse
import http.client
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it runs from anywhere, uninstalled

from server import API, BOUNDARY, Server, serving
from spoken import write_spoken

from app.paths import builtin_model_dir

SENDERS = 3  # of a batch, as on its page
LOOK_SECONDS = 0.1
MOST_LOST = 0.03
SPEECH = "/v1/audio/transcriptions"


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of one way in one round."""

    clock: float
    computing: float


def main() -> int:
    options = _parse()
    with tempfile.TemporaryDirectory(prefix="openai-throughput-") as name:
        folder = Path(name)
        files = [folder / f"{number}.wav" for number in range(options.clients)]
        for number, file in enumerate(files):
            write_spoken(file, options.seconds, seed=number)
        with serving(folder, options.model) as server:
            _clients(server, files[:2])  # warm
            rounds = [_round(server, files, number) for number in range(options.rounds)]
    return _report(rounds, options.clients * options.seconds)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=20.0, help="length of each recording")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--model", type=Path, default=builtin_model_dir())
    return parser.parse_args()


def _round(server: Server, files: list[Path], number: int) -> dict[str, Cost]:
    """Measure both ways; which comes first alternates."""
    ways: list[tuple[str, Callable[[Server, list[Path]], None]]] = [("batch", _batch), ("clients", _clients)]
    return {name: _measured(server, way, files) for name, way in (ways if number % 2 == 0 else reversed(ways))}


def _measured(server: Server, way: Callable[[Server, list[Path]], None], files: list[Path]) -> Cost:
    _forget(server)
    began, computed = time.perf_counter(), sum(server.computing_seconds())
    way(server, files)
    return Cost(time.perf_counter() - began, sum(server.computing_seconds()) - computed)


def _forget(server: Server) -> None:
    """Empty the history and the trash, so that no file is a repeat or a duplicate."""
    _request(server, "POST", f"{API}/history/clear", {"confirm": True})
    _request(server, "DELETE", f"{API}/trash")


def _batch(server: Server, files: list[Path]) -> None:
    batch = _request(server, "POST", f"{API}/batches", {"name": "throughput"})["id"]
    with ThreadPoolExecutor(SENDERS) as pool:
        list(pool.map(partial(_upload, server, batch), files))
    while (counts := _request(server, "GET", f"{API}/batches/{batch}")["counts"])["succeeded"] < len(files):
        if counts["failed"] or counts["duplicate"]:
            raise RuntimeError(counts)
        time.sleep(LOOK_SECONDS)


def _upload(server: Server, batch: str, file: Path) -> None:
    announced = {"name": file.name, "size_bytes": file.stat().st_size}
    upload = _request(server, "POST", f"{API}/batches/{batch}/uploads", announced)["id"]
    headers = {"content-type": "application/offset+octet-stream", "upload-offset": "0"}
    _send(server, "PATCH", f"{API}/uploads/{upload}", file.read_bytes(), headers)


def _clients(server: Server, files: list[Path]) -> None:
    with ThreadPoolExecutor(len(files)) as pool:
        texts = list(pool.map(partial(_transcribe, server), files))
    if not all(texts):
        raise RuntimeError("a recording has no text")


def _transcribe(server: Server, file: Path) -> str:
    head = f'--{BOUNDARY}\r\ncontent-disposition: form-data; name="file"; filename="{file.name}"\r\n\r\n'
    body = head.encode() + file.read_bytes() + f"\r\n--{BOUNDARY}--\r\n".encode()
    headers = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
    return str(json.loads(_send(server, "POST", SPEECH, body, headers))["text"])


def _request(server: Server, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    sent = json.dumps(body).encode() if body is not None else None
    answer = _send(server, method, path, sent, {"content-type": "application/json"})
    return json.loads(answer) if answer else None


def _send(server: Server, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> bytes:
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=3600)) as connection:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
    if answer.status >= http.HTTPStatus.BAD_REQUEST:
        raise RuntimeError(content.decode(errors="replace"))
    return content


def _report(rounds: list[dict[str, Cost]], seconds: float) -> int:
    for name in ("batch", "clients"):
        clock = statistics.median(each[name].clock for each in rounds)
        computing = statistics.median(each[name].computing for each in rounds)
        print(f"{name:8} {clock:6.2f} s clock, {seconds / clock:5.1f} times real time, {computing:6.2f} s computing")
    lost = statistics.median(each["clients"].clock / each["batch"].clock for each in rounds) - 1
    computed = statistics.median(each["clients"].computing / each["batch"].computing for each in rounds) - 1
    print(f"clients against batch: {lost:+.1%} clock, {computed:+.1%} computing (at most {MOST_LOST:+.0%} clock)")
    return 0 if lost <= MOST_LOST else 1


if __name__ == "__main__":
    sys.exit(main())
