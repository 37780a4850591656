"""Time what the page of a batch asks for, with thousands of recordings.

    python benchmarks/batch_page.py [--items 5000] [--others 20] [--rounds 200]

A data folder of its own is filled through the tables: one batch of so many finished, failed, waiting and duplicate
recordings, and others of the same size beside it. Then the application is asked over its REST routes, in this process,
as the page does: the summary of the batch, the first page of its list, one far down, one of a single state, and the
list of all batches. Last, one finished segment is stored, as the worker does, because every change keeps the totals.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it runs from anywhere, uninstalled

from sqlalchemy import insert
from starlette.testclient import TestClient

from app.domain.options import TranscriptionOptions
from app.main import create_app
from app.settings import Settings
from app.store.database import Connection
from app.store.queries import transcriptions
from app.store.sqlite.database import SqliteDatabase
from app.store.tables import batch_items, batches
from app.store.tables import transcriptions as rows

TEXT = "今天的会议讨论了第三季度的销售情况，订单比去年同期增长了百分之十八点五。" * 30
STATES = ("succeeded", "succeeded", "succeeded", "failed", "queued", "duplicate")
API = "/api/v1/batches"


def main() -> None:
    options = _parse()
    with tempfile.TemporaryDirectory(prefix="batch-page-") as folder:
        data = Path(folder)
        ids = fill(data, options.items, options.others + 1)
        settings = Settings(data_dir=data, log_dir=data / "logs")
        with TestClient(create_app(settings, start_worker=False), base_url="http://127.0.0.1") as client:
            report(client, ids[0], options)
        report_change(data, ids[0], options.rounds)


def fill(data: Path, items: int, count: int) -> list[str]:
    database = SqliteDatabase(data)
    database.migrate()
    with database.writing() as connection:
        ids = [_add_batch(connection, number, items) for number in range(count)]
    database.close()
    return ids


def _add_batch(connection: Connection, number: int, items: int) -> str:
    id, now = f"batch{number}", datetime.now(UTC)
    options = TranscriptionOptions().to_dict()
    batch = {"id": id, "name": id, "created_at": now, "options": options, "wish": "work", "revision": 1}
    connection.execute(insert(batches).values(batch))
    states = [STATES[place % len(STATES)] for place in range(items)]
    jobs = [_job(id, place, state, now) for place, state in enumerate(states) if state != "duplicate"]
    connection.execute(insert(rows), jobs)
    connection.execute(insert(batch_items), [_item(id, place, state, now) for place, state in enumerate(states)])
    return id


def _job(batch: str, place: int, state: str, now: datetime) -> dict[str, Any]:
    is_done = state == "succeeded"
    return {
        "id": f"{batch}-{place}",
        "name": f"call {place}.wav",
        "suffix": ".wav",
        "size_bytes": 480_000,
        "sha256": f"{batch}{place}",
        "source": "batch",
        "options": TranscriptionOptions().to_dict(),
        "state": state,
        "stage": "queued" if state == "queued" else "finished",
        "created_at": now,
        "finished_at": now if is_done else None,
        "queue_order": place,
        "rank": 1,
        "duration": 15.0 if is_done else None,
        "seconds_done": 15.0 if is_done else 0.0,
        "text": TEXT if is_done else "",
        "text_raw": TEXT if is_done else "",
        "error": {"code": "not_audio", "message": "No.", "advice": "No."} if state == "failed" else None,
        "revision": 1,
        "number": abs(hash((batch, place))),
    }


def _item(batch: str, place: int, state: str, now: datetime) -> dict[str, Any]:
    is_copy = state == "duplicate"
    return {
        "id": f"{batch}-item-{place}",
        "batch_id": batch,
        "position": place,
        "name": f"north/call {place}.wav",
        "size_bytes": 480_000,
        "received_bytes": 480_000,
        "state": state,
        "transcription_id": None if is_copy else f"{batch}-{place}",
        "duplicate_of": f"{batch}-0" if is_copy else None,
        "seconds": 15.0 if state == "succeeded" else None,
        "seconds_done": 15.0 if state == "succeeded" else 0.0,
        "updated_at": now,
    }


def report(client: TestClient, id: str, options: argparse.Namespace) -> None:
    far = options.items - 50
    asked = {
        "summary": f"{API}/{id}",
        "first 50 items": f"{API}/{id}/items?limit=50",
        f"50 items from {far}": f"{API}/{id}/items?limit=50&offset={far}",
        "50 failed items": f"{API}/{id}/items?limit=50&state=failed",
        f"all {options.others + 1} batches": API,
    }
    print(f"{options.items} items, {options.others + 1} batches; milliseconds over {options.rounds} rounds")
    for name, path in asked.items():
        answer = client.get(path)
        assert answer.status_code == 200, answer.text
        show(name, options.rounds, partial(client.get, path), f"{len(answer.content) / 1000:.1f} kB")


def report_change(data: Path, id: str, rounds: int) -> None:
    database = SqliteDatabase(data)

    def change() -> None:
        with database.writing() as connection:
            transcriptions.change(connection, f"{id}-4", seconds_done=1.0, duration=15.0)

    show("one change of a recording, on the disk", rounds, change, "")
    database.close()


def show(name: str, rounds: int, work: Callable[[], object], note: str) -> None:
    times = []
    for _ in range(rounds):
        begun = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - begun))
    times.sort()
    p95 = times[int(0.95 * len(times))]
    print(f"  {name:<40} median {statistics.median(times):7.2f}   p95 {p95:7.2f}   {note}")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=5000)
    parser.add_argument("--others", type=int, default=20, help="further batches of the same size (20)")
    parser.add_argument("--rounds", type=int, default=200)
    return parser.parse_args()


if __name__ == "__main__":
    main()
