"""Measure how long a worker waits for its next job, behind a history of ten million, on PostgreSQL.

    python benchmarks/claims.py postgresql://... [--rows 10000000] [--queued 1000] [--claims 500]

The database is empty, or was filled by an earlier run: the rows take 8 GB. Each claim is what a worker does: it looks
for a job, takes it, and marks the first ones that wait, whose positions have moved. The target: 95 % within 20 ms.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it runs from anywhere, uninstalled

from app.domain.options import TranscriptionOptions
from app.services.transcriptions.job_queue import Queue
from app.services.transcriptions.job_store import JobStore
from app.store.files.recordings import Files
from app.store.postgresql.database import PostgresDatabase
from app.store.postgresql.loading import restore_indexes, set_indexes_aside
from app.store.queries import transcriptions

TARGET_MS = 20
PREFIX = "claim-"
_ENDED = """
    INSERT INTO transcriptions (id, name, suffix, size_bytes, sha256, source, options, state, stage, created_at, started_at,
        finished_at, queue_order, attempts, duration, segments_total, segments_done, segments_failed, seconds_done,
        seconds_worked, text, text_raw, language, model, device, receipt, warnings, revision, number)
    SELECT lpad(to_hex(n), 16, '0'), 'call ' || n || '.mp3', '.mp3', 480000, '',
        CASE WHEN n %% 3 = 0 THEN 'page' ELSE 'api' END, '{}',
        CASE WHEN n %% 33 = 0 THEN 'failed' WHEN n %% 32 = 0 THEN 'cancelled' ELSE 'succeeded' END, 'finished',
        at, at, at, n, 1, 24, 3, 3, 0, 24, 2, '', '', CASE WHEN n %% 5 = 0 THEN 'en' ELSE 'zh' END, 'builtin', 'cpu', '[]',
        '[]', n, extract(epoch FROM at)::bigint * 1000
    FROM (SELECT n, timestamp '2026-01-01' - (%s - n) * interval '1 second' AS at FROM generate_series(%s, %s) n) AS each
"""
TOGETHER = 500_000  # rows in one transaction


def main() -> None:
    options = _parse()
    with tempfile.TemporaryDirectory(prefix="claims-") as name, closing(_opened(Path(name), options.url)) as database:
        fill(database, options.rows)
        print(f"{options.rows} rows, {database.facts().size_bytes / 2**20:.0f} MiB")
        queue = Queue(database, Files(Path(name)))
        try:
            add_waiting(database, options.queued)
            report([_milliseconds(JobStore(queue, "benchmark")) for _ in range(options.claims)])
        finally:
            remove_waiting(database)


def _opened(folder: Path, url: str) -> PostgresDatabase:
    database = PostgresDatabase(folder, url)
    database.make_schema()
    return database


def fill(database: PostgresDatabase, rows: int) -> None:
    with database.reading() as connection:
        present = connection.exec_driver_sql("SELECT count(*) FROM transcriptions").scalar_one()
    if not present:
        with database.writing() as connection:
            set_indexes_aside(connection)
    for first in range(present + 1, rows + 1, TOGETHER):
        last = min(first + TOGETHER - 1, rows)
        with database.writing() as connection:
            connection.exec_driver_sql("ALTER TABLE transcriptions DISABLE TRIGGER USER")
            connection.exec_driver_sql(_ENDED, (rows, first, last))
            connection.exec_driver_sql("ALTER TABLE transcriptions ENABLE TRIGGER USER")
            connection.exec_driver_sql("UPDATE revisions SET current = %s", (last,))
        print(f"{last:>9} rows", flush=True)
    restore_indexes(database)
    if present < rows:
        with database.session() as session:
            session.execute("VACUUM ANALYZE transcriptions")


def add_waiting(database: PostgresDatabase, count: int) -> None:
    now = datetime.now(UTC)
    row: dict[str, Any] = {"suffix": ".wav", "size_bytes": 1, "sha256": "", "source": "api"}
    row |= {"state": "queued", "stage": "queued", "options": TranscriptionOptions().to_dict()}
    with database.writing() as connection:
        for number in range(count):
            id, moment = f"{PREFIX}{number:010}", now + timedelta(milliseconds=number)
            transcriptions.add(connection, row | {"id": id, "name": id, "created_at": moment})


def remove_waiting(database: PostgresDatabase) -> None:
    with database.writing() as connection:
        query = "SELECT id FROM transcriptions WHERE id >= %s AND id < %s"
        for id in connection.exec_driver_sql(query, (PREFIX, PREFIX + "~")).scalars().all():
            transcriptions.remove(connection, id)


def report(times: list[float]) -> None:
    late = statistics.quantiles(times, n=20)[-1]
    verdict = "ok" if late <= TARGET_MS else "SLOW"
    median = statistics.median(times)
    print(f"claim: median {median:.1f}  p95 {late:.1f}  longest {max(times):.1f} ms  (target {TARGET_MS}) {verdict}")


def _milliseconds(worker: JobStore) -> float:
    started = time.perf_counter()
    claimed = worker.claim()
    took = (time.perf_counter() - started) * 1000
    assert claimed, "too few are queued"
    return took


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", help="of a PostgreSQL database of its own")
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--queued", type=int, default=1000, help="jobs that wait")
    parser.add_argument("--claims", type=int, default=500)
    return parser.parse_args()


if __name__ == "__main__":
    main()
