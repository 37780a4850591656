"""Measure the history with a million transcriptions: how long a page and a search take, as the page asks for them.

    python benchmarks/history.py [--rows 1000000] [--rounds 40] [--database FOLDER] [--url postgresql://...]

Rows are written straight into a database of the newest schema, with Chinese and English text in which words are as
unevenly frequent as in speech. Printed are median, 95th percentile and the longest of each query, and the median of its computing. The targets: a page
in 50 ms, a search in 100 ms. With --database the rows stay there for the next run. With --url they are carried over to
that empty PostgreSQL database, or are there already, and are asked for there; claims of jobs are measured as well (target: 20 ms).
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it runs from anywhere, uninstalled

from app.domain.errors.setup import TargetNotEmpty
from app.domain.options import TranscriptionOptions
from app.domain.states import JobState
from app.services.transcriptions.history import History, HistoryFilter, HistoryPosition
from app.services.transcriptions.job_queue import Queue
from app.store.database import Database, open_database
from app.store.files.recordings import Files
from app.store.queries import transcriptions
from app.store.queries.search import split
from app.store.queries.voices.speaker_names import SLOTS, folded, index_word
from app.store.sqlite.database import SqliteDatabase
from app.store.transfer import transfer

CHINESE = (
    "的 我们 今天 讨论 一下 这个 项目 进度 客户 需求 已经 完成 部分 功能 测试 问题 需要 大家 确认 时间 安排 下周 会议 继续 产品 设计 方案 技术 团队 "
    "负责 开发 数据 分析 报告 市场 销售 增长 订单 质量 提高 成本 预算 控制 合同 签订 供应商 交货 延期 原因 天气 影响 物流 仓库 库存 管理 系统 升级 服务器 "
    "安全 漏洞 修复 用户 反馈 体验 优化 界面 语音 识别 模型 训练 准确率 医院 病人 检查 结果 手术 医生 建议 老师 学生 课程 考试 成绩 学习 方法 教育 法院 "
    "律师 证据 当事人 合议庭 采访 记者 新闻 报道 城市 交通 地铁 建设 环境 保护 政策 经济 发展 投资 股票 银行 贷款 利率 手机 电脑 软件 硬件 网络 视频"
)
ENGLISH = (
    "the project meeting today we need to discuss budget customer delivery schedule test release server model training "
    "quality report market sales growth design review team weekly agenda question answer interview lecture patient doctor"
)
RARE = "鹦鹉螺"
SPEAKERS = ("王芳", "Anna Lee", "李强", "Boris", *(f"Speaker {number}" for number in range(400)))
TOGETHER = 20_000  # rows in one transaction
STATES = ((JobState.SUCCEEDED, 94), (JobState.FAILED, 3), (JobState.CANCELLED, 3))
SOURCES = (("page", 60), ("api", 35), ("cli", 5))


def main() -> None:
    options = _parse()
    with tempfile.TemporaryDirectory(prefix="history-") as name:
        folder = options.database or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        database = SqliteDatabase(folder)
        database.migrate()
        fill(database, options.rows)
        print(f"{options.rows} transcriptions, {database.file.stat().st_size / 2**20:.0f} MiB")
        if not options.url:
            report(History(Queue(database, Files(folder))), options.rounds)
        database.close()
        if options.url:
            on_server(folder, options.url, options.rounds)


def on_server(folder: Path, url: str, rounds: int) -> None:
    """Measure the same on PostgreSQL."""
    started = time.perf_counter()
    with suppress(TargetNotEmpty):  # it is there already
        transfer(folder, url, lambda table, rows: print(f"  {table}: {rows}", flush=True))
        print(f"carried over in {time.perf_counter() - started:.0f} s")
    with closing(open_database(folder, url)) as database:
        database.migrate()
        print(f"{database.facts().size_bytes / 2**20:.0f} MiB in PostgreSQL")
        report(History(Queue(database, Files(folder))), rounds)
        measure_claims(database, rounds)


def measure_claims(database: Database, rounds: int) -> None:
    """Queue jobs at the end of the history, claim each, and remove them."""
    now = datetime.now(UTC)
    row = {
        "suffix": ".wav",
        "size_bytes": 1,
        "sha256": "",
        "source": "api",
        "options": TranscriptionOptions().to_dict(),
    }
    ids = [f"claim-{number:010}" for number in range(rounds)]
    with database.writing() as connection:
        for id in ids:
            values = {"id": id, "name": id, "state": "queued", "stage": "queued", "created_at": now}
            transcriptions.add(connection, row | values)
    took = []
    for _ in ids:
        started = time.perf_counter()
        with database.writing() as connection:
            transcriptions.claim(connection, "benchmark", now)
        took.append((time.perf_counter() - started) * 1000)
    with database.writing() as connection:
        for id in ids:
            transcriptions.remove(connection, id)
    print(
        f"claim: median {statistics.median(took):.1f} ms, 95th percentile {statistics.quantiles(took, n=20)[-1]:.1f} ms"
    )


def fill(database: SqliteDatabase, rows: int, now: datetime | None = None) -> None:
    """Add what is missing to `rows`; the same for every run."""
    with closing(sqlite3.connect(database.file, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -400000")
        (present,) = connection.execute("SELECT count(*) FROM transcriptions").fetchone()
        chance = random.Random(7)
        begin = (now or datetime.now(UTC)) - timedelta(minutes=rows)
        for first in range(present, rows, TOGETHER):
            connection.execute("BEGIN")
            _add(connection, chance, range(first, min(first + TOGETHER, rows)), begin)
            connection.execute("COMMIT")
            print(f"\r{first + TOGETHER:>9} rows", end="", file=sys.stderr, flush=True)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    print(file=sys.stderr)


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
            f"{name:44} median {statistics.median(times):7.1f}  p95 {late:7.1f}  longest {times[-1]:7.1f} ms"
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


def _add(connection: sqlite3.Connection, chance: random.Random, numbers: range, begin: datetime) -> None:
    rows, pieces, index = [], [], []
    diarized, names, said = [], [], []
    options = json.dumps(TranscriptionOptions().to_dict(), ensure_ascii=False)
    for number in numbers:
        created = begin + timedelta(minutes=number)
        language = chance.choices(("zh", "en", "zh-en"), (70, 20, 10))[0]
        texts = [_sentence(chance, language) for _ in range(chance.randint(1, 3))]
        if number % 50_000 == 0:
            texts.append(f"海里有{RARE}。")
        text = "".join(texts)
        id, name = f"{number:016x}", f"{_sentence(chance, language)[:12]} {number}.mp3"
        milliseconds = int(created.timestamp() * 1000)
        stamp = created.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
        state, source = _one(chance, STATES), _one(chance, SOURCES)
        rows.append((id, name, source, options, state, stamp, stamp, stamp, text, text, language, milliseconds))
        pieces += [(id, place, place * 8.0, place * 8.0 + 7, each, each) for place, each in enumerate(texts)]
        index.append((milliseconds, split(name), split(text)))
        speaker = SPEAKERS[min(int(len(SPEAKERS) * chance.random() ** 4), len(SPEAKERS) - 1)]
        turns = [[place * 8.0, place * 8.0 + 7, 1, 1.0] for place in range(len(texts))]
        diarized.append((id, json.dumps(turns), json.dumps({"1": speaker})))
        names.append((milliseconds * SLOTS, id, speaker, folded(speaker)))
        said.append((milliseconds * SLOTS, index_word(speaker), split(text)))
    connection.executemany(
        "INSERT INTO transcriptions (id, name, suffix, size_bytes, sha256, source, options, state, stage, created_at, "
        "started_at, finished_at, queue_order, attempts, duration, segments_total, segments_done, segments_failed, "
        "seconds_done, seconds_worked, text, text_raw, language, model, device, receipt, warnings, revision, number) "
        "VALUES (?, ?, '.mp3', 480000, '', ?, ?, ?, 'finished', ?, ?, ?, 0, 1, 24, 3, 3, 0, 24, 2, ?, ?, ?, 'builtin', "
        "'cpu', '[]', '[]', 0, ?)",
        rows,
    )
    connection.executemany(
        'INSERT INTO segments (transcription_id, "index", start, "end", covers_seconds, state, text, text_raw, words, '
        "dropped, seconds_worked) VALUES (?, ?, ?, ?, 8, 'done', ?, ?, '[]', '', 1)",
        pieces,
    )
    connection.executemany("INSERT INTO search_index (rowid, name, text) VALUES (?, ?, ?)", index)
    connection.executemany(
        "INSERT INTO diarizations (transcription_id, model, turns, names) VALUES (?, 'CAM++', ?, ?)", diarized
    )
    connection.executemany("INSERT INTO speaker_names VALUES (?, ?, ?, ?)", names)
    connection.executemany("INSERT INTO speaker_index (rowid, speaker, text) VALUES (?, ?, ?)", said)


def _sentence(chance: random.Random, language: str) -> str:
    """A dozen words; the first of a list come far more often than the last."""
    chinese, english = (_words(chance, words) for words in (CHINESE, ENGLISH))
    if language == "zh":
        return f"{''.join(chinese[:6])}，{''.join(chinese[6:])}。"
    if language == "en":
        return f"{' '.join(english)}. ".capitalize()
    return f"{''.join(chinese[:6])} {' '.join(english[:3])}。"


def _words(chance: random.Random, listed: str) -> list[str]:
    words = listed.split()
    return [words[min(int(len(words) * chance.random() ** 2.2), len(words) - 1)] for _ in range(12)]


def _one(chance: random.Random, choices: tuple[tuple[str, int], ...]) -> str:
    return chance.choices([value for value, _ in choices], [share for _, share in choices])[0]


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--database", type=Path, default=None, help="folder that keeps the rows for the next run")
    parser.add_argument("--url", metavar="URL", help="of an empty PostgreSQL database")
    return parser.parse_args()


if __name__ == "__main__":
    main()
