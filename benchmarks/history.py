"""Measure the history with a million transcriptions: how long a page and a search take, as the page asks for them.

    python benchmarks/history.py [--rows 1000000] [--rounds 40] [--database FOLDER] [--url postgresql://...]

Rows are written straight into a database of the newest schema (history_rows.py). Printed are median, 95th percentile and
the longest of each query, and the median of its computing in this process. The targets: a page in 50 ms, a search in
100 ms. With --database the rows stay in that folder for the next run. With --url they are written into that empty
PostgreSQL database, where they stay.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it runs from anywhere, uninstalled

from history_rows import CHINESE_WORDS, RARE, SPEAKERS, fill_postgresql, fill_sqlite

from app.domain.states import JobState
from app.services.transcriptions.history import History, HistoryFilter, HistoryPosition
from app.services.transcriptions.job_queue import Queue
from app.store.database import Database
from app.store.files.recordings import Files
from app.store.postgresql.database import PostgresDatabase
from app.store.sqlite.database import SqliteDatabase


def main() -> None:
    options = _parse()
    with tempfile.TemporaryDirectory(prefix="history-") as name:
        folder = options.database or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        filled = in_server if options.url else in_file
        with closing(filled(folder, options)) as database:
            print(f"{options.rows} transcriptions, {database.facts().size_bytes / 2**20:.0f} MiB")
            report(History(Queue(database, Files(folder))), options.rounds)


def in_file(folder: Path, options: argparse.Namespace) -> Database:
    database = SqliteDatabase(folder)
    database.migrate()
    fill_sqlite(database.file, options.rows)
    return database


def in_server(folder: Path, options: argparse.Namespace) -> Database:
    database = PostgresDatabase(folder, options.url)
    database.make_schema()
    fill_postgresql(database, options.rows)
    return database


def report(history: History, rounds: int) -> None:
    for name, target_ms, ask in _questions(history):
        measured = [_milliseconds(ask) for _ in range(rounds)]
        times, computing = (
            sorted(clock for clock, _ in measured),
            statistics.median(cpu for _, cpu in measured),
        )
        late = times[int(0.95 * (len(times) - 1))]
        verdict = "ok" if late <= target_ms else "SLOW"
        print(
            f"{name:56} median {statistics.median(times):7.1f}  p95 {late:7.1f}  longest {times[-1]:7.1f} ms"
            f"  computing {computing:6.1f}  (target {target_ms}) {verdict}"
        )


def _questions(history: History) -> Iterator[tuple[str, int, Callable[[], object]]]:
    """Name, target and call of everything that the page of the history asks."""
    first = history.page(HistoryFilter(), 20)
    middle, last = _place(history, 0.5), _place(history, 0.001)
    month = datetime.now(UTC) - timedelta(days=30)
    yield "first page", 50, lambda: history.page(HistoryFilter(), 20)
    yield "second page", 50, lambda: history.page(HistoryFilter(), 20, before=first.older)
    yield "page in the middle", 50, lambda: history.page(HistoryFilter(), 20, before=middle)
    yield "page near the end", 50, lambda: history.page(HistoryFilter(), 20, before=last)
    yield "page before (newer)", 50, lambda: history.page(HistoryFilter(), 20, after=middle)
    yield "only failed", 50, lambda: history.page(HistoryFilter(state=JobState.FAILED), 20)
    yield "only waiting (there are none)", 50, lambda: history.page(HistoryFilter(state=JobState.QUEUED), 20)
    yield (
        "only English, from the command line",
        50,
        lambda: history.page(HistoryFilter(language="en", source="cli"), 20),
    )
    yield "of the last month", 50, lambda: history.page(HistoryFilter(since=month), 20)
    yield "of a month two years ago", 50, lambda: history.page(_month_long_ago(), 20)
    yield "the trash (empty)", 50, lambda: history.page(HistoryFilter(in_trash=True), 20)
    yield "totals", 50, history.totals
    for name, query in (
        ("two characters, frequent (我们)", "我们"),
        ("two characters, usual (预算)", "预算"),
        ("two characters, across words (们今)", "们今"),
        ("one character (会)", "会"),
        ("three characters, rare (鹦鹉螺)", RARE),
        ("two words (合同 延期)", "合同 延期"),
        ("a sentence's beginning (我们今天讨论)", "我们今天讨论"),
        ("English, frequent (the)", "the"),
        ("English, usual (interview)", "interview"),
        ("English, the beginning of a word (sched)", "sched"),
        ("both (会议 budget)", "会议 budget"),
        ("nothing like it (龘龘)", "龘龘"),
        ("all long ago (12, in the names of one in ninety)", "12"),
        ("a word of few (the 3000th)", CHINESE_WORDS[3000]),
        ("frequent and few (我们, the 3000th)", f"我们 {CHINESE_WORDS[3000]}"),
    ):
        yield f"search: {name}", 100, partial(history.page, HistoryFilter(query=query), 20)
    for name, speaker, query in (
        ("frequent", SPEAKERS[0], ""),
        ("rare", SPEAKERS[-1], ""),
        ("frequent, says 我们", SPEAKERS[0], "我们"),
        ("frequent, says 鹦鹉螺", SPEAKERS[0], RARE),
        ("rare, says 我们", SPEAKERS[-1], "我们"),
        ("nobody", "Nobody", "我们"),
    ):
        yield f"speaker: {name}", 100, partial(history.page, HistoryFilter(query=query, speaker=speaker), 20)
    failed = HistoryFilter(query="我们", speaker=SPEAKERS[0], state=JobState.FAILED)
    yield "speaker: frequent, says 我们, failed", 100, lambda: history.page(failed, 20)
    yield "names of speakers", 50, lambda: history.speakers("")
    yield (
        "search: frequent and failed",
        100,
        lambda: history.page(HistoryFilter(query="我们", state=JobState.FAILED), 20),
    )
    queued = HistoryFilter(query="我们", state=JobState.QUEUED)
    yield "search: frequent, waiting (there are none)", 100, lambda: history.page(queued, 20)
    rare = HistoryFilter(query="我们", state=JobState.FAILED, source="cli", language="en")
    yield "search: frequent, of a rare kind", 100, lambda: history.page(rare, 20)
    yield (
        "search: frequent, last month",
        100,
        lambda: history.page(HistoryFilter(query="我们", since=month), 20),
    )
    deep = history.page(HistoryFilter(query="我们"), 20, before=middle).older
    yield (
        "search: frequent, deep page",
        100,
        lambda: history.page(HistoryFilter(query="我们"), 20, before=deep),
    )


def _place(history: History, share: float) -> HistoryPosition:
    """Return the place below which `share` of all stand."""
    with history._database.reading() as connection:  # noqa: SLF001 - a benchmark may look inside
        low, high = connection.exec_driver_sql("SELECT min(number), max(number) FROM transcriptions").one()
    return HistoryPosition(int(low + (high - low) * share))


def _month_long_ago() -> HistoryFilter:
    begin = datetime.now(UTC) - timedelta(days=600)
    return HistoryFilter(since=begin, until=begin + timedelta(days=30))


def _milliseconds(ask: Callable[[], object]) -> tuple[float, float]:
    """Return the time by the clock, and that of the processor: on a busy machine it says more."""
    started, computed = time.perf_counter(), time.process_time()
    ask()
    return (time.perf_counter() - started) * 1000, (time.process_time() - computed) * 1000


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--database", type=Path, default=None, help="folder that keeps the rows for the next run")
    parser.add_argument("--url", metavar="URL", help="of an empty PostgreSQL database")
    return parser.parse_args()


if __name__ == "__main__":
    main()
