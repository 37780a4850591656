"""Rows of a long history: Chinese and English texts in which words are as unevenly frequent as in speech.

The nth word of a language comes 1/n as often as its first, so that some stand in most texts and most in a few
of a million. Most texts are short; one in two hundred is five minutes long, one in five thousand an hour and a half.
In every other one somebody named speaks.
"""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

from app.domain.options import TranscriptionOptions
from app.domain.states import JobState
from app.store.postgresql import words
from app.store.postgresql.database import PostgresDatabase
from app.store.postgresql.loading import copy_rows, restore_indexes, set_indexes_aside
from app.store.queries.search import split
from app.store.queries.voices.speaker_names import SLOTS, folded, index_word

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
SYLLABLES = "an ber co del en for gra hi in jo ka lu men no or per qua re sen ti un ver wi"
WORDS = 20_000  # of each language
CHARACTERS = 3000  # of Chinese, as unevenly frequent as the words
RARE = "鹦鹉螺"
SPEAKERS = ("王芳", "Anna Lee", "李强", "Boris", *(f"Speaker {number}" for number in range(400)))
TOGETHER = 20_000  # rows in one transaction
SENTENCES = ((1, 3300), (2, 3300), (3, 3340), (30, 58), (600, 2))  # and how often, of ten thousand texts
STATES = ((JobState.SUCCEEDED, 94), (JobState.FAILED, 3), (JobState.CANCELLED, 3))
SOURCES = (("page", 60), ("api", 35), ("cli", 5))
COLUMNS = {
    "transcriptions": "id name suffix size_bytes sha256 source options state stage created_at started_at finished_at "
    "queue_order attempts duration segments_total segments_done segments_failed seconds_done seconds_worked text text_raw "
    "language model device receipt warnings revision number",
    "segments": "transcription_id index start end covers_seconds state text text_raw words dropped seconds_worked",
    "diarizations": "transcription_id model turns names",
    "speaker_names": "id transcription_id name folded_name",
    "search_index": "rowid name text",
    "speaker_index": "rowid speaker text",
}
IN_POSTGRESQL = {
    "diarizations": "transcription_id model turns names embeddings",
    "search_index": "rowid content words is_coarse",
    "speaker_index": "rowid speaker content words is_coarse",
}
_TOTALS = """
    INSERT INTO history_totals SELECT state, coalesce(language, ''), source, false, count(*), sum(duration), sum(size_bytes)
    FROM transcriptions GROUP BY 1, 2, 3
"""

Rows: TypeAlias = dict[str, list[tuple[Any, ...]]]
"""By table."""


def fill_sqlite(file: Path, rows: int) -> None:
    """Fill an empty database of the newest schema; one that has the rows is left as it is."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -400000")
        (present,) = connection.execute("SELECT count(*) FROM transcriptions").fetchone()
        for portion in _portions(rows) if _is_empty(present, rows) else ():
            connection.execute("BEGIN")
            for table, added in portion.items():
                names = COLUMNS[table].split()
                listed = ", ".join(f'"{name}"' for name in names)
                query = f"INSERT INTO {table} ({listed}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608
                connection.executemany(query, added)
            connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def fill_postgresql(database: PostgresDatabase, rows: int) -> None:
    """Do the same in a PostgreSQL database."""
    with database.reading() as connection:
        present = connection.exec_driver_sql("SELECT count(*) FROM transcriptions").scalar_one()
    if _is_empty(present, rows):
        with database.writing() as connection:
            set_indexes_aside(connection)
        for portion in _portions(rows):
            with database.writing() as connection:
                for table, added in portion.items():
                    names = IN_POSTGRESQL.get(table, COLUMNS[table]).split()
                    copy_rows(connection, table, names, _converted(table, added))
        with database.writing() as connection:
            connection.exec_driver_sql("DELETE FROM history_totals")
            connection.exec_driver_sql(_TOTALS)
    restore_indexes(database)
    with database.session() as session:
        session.execute("VACUUM ANALYZE")


def _converted(table: str, rows: Sequence[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    for row in rows:
        if table == "search_index":
            yield row[0], *words.copied_entry(*row[1:])
        elif table == "speaker_index":
            yield *row[:2], *words.copied_entry(*row[2:])
        else:
            yield (*row, b"") if table == "diarizations" else row


def _is_empty(present: int, rows: int) -> bool:
    if present not in (0, rows):
        raise SystemExit(f"The database has {present} rows: name an empty one.")
    return not present


def _portions(rows: int) -> Iterator[Rows]:
    """Yield all rows, the same for every run but for their times, which end now."""
    begin = datetime.now(UTC) - timedelta(minutes=rows)
    for first in range(0, rows, TOGETHER):
        added: Rows = {table: [] for table in COLUMNS}
        for number in range(first, min(first + TOGETHER, rows)):
            _add(added, number, begin + timedelta(minutes=number))
        yield added
        print(f"{min(first + TOGETHER, rows):>9} rows", flush=True)


def _add(added: Rows, number: int, created: datetime) -> None:
    chance = random.Random(number)
    language = _one(chance, (("zh", 70), ("en", 20), ("zh-en", 10)))
    texts = [_sentence(chance, language) for _ in range(_one(chance, SENTENCES))]
    if number % 50_000 == 0:
        texts.append(f"海里有{RARE}。")
    text, id, name = "".join(texts), f"{number:016x}", f"{_sentence(chance, language)[:12]} {number}.mp3"
    milliseconds = int(created.timestamp() * 1000)
    facts = {"text": text, "language": language, "state": _one(chance, STATES), "source": _one(chance, SOURCES)}
    added["transcriptions"].append(_row(id, name, created, milliseconds, facts))
    places = [(place, place * 8.0, place * 8.0 + 7, each) for place, each in enumerate(texts)]
    added["segments"] += [(id, at, start, end, 8, "done", each, each, "[]", "", 1) for at, start, end, each in places]
    indexed = split(text)
    added["search_index"].append((milliseconds, split(name), indexed))
    if number % 2 == 0:
        speaker = SPEAKERS[min(int(len(SPEAKERS) * chance.random() ** 4), len(SPEAKERS) - 1)]
        turns = [[start, end, 1, 1.0] for _, start, end, _ in places]
        added["diarizations"].append((id, "CAM++", json.dumps(turns), json.dumps({"1": speaker})))
        added["speaker_names"].append((milliseconds * SLOTS, id, speaker, folded(speaker)))
        added["speaker_index"].append((milliseconds * SLOTS, index_word(speaker), indexed))


def _row(id: str, name: str, created: datetime, number: int, facts: Mapping[str, str]) -> tuple[Any, ...]:
    stamp = created.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
    values = {"id": id, "name": name, "suffix": ".mp3", "size_bytes": 480_000, "sha256": "", "options": _OPTIONS}
    values |= {"stage": "finished", "created_at": stamp, "started_at": stamp, "finished_at": stamp, "queue_order": 0}
    values |= {"attempts": 1, "duration": 24.0, "segments_total": 3, "segments_done": 3, "segments_failed": 0}
    values |= {"seconds_done": 24.0, "seconds_worked": 2.0, "text_raw": facts["text"], "model": "builtin"}
    values |= {"device": "cpu", "receipt": "[]", "warnings": "[]", "revision": 0, "number": number, **facts}
    return tuple(values[column] for column in COLUMNS["transcriptions"].split())


def _sentence(chance: random.Random, language: str) -> str:
    """A dozen words."""
    if language == "en":
        return f"{' '.join(_chosen(chance, _ENGLISH_WORDS, 12))}. ".capitalize()
    chinese = _chosen(chance, CHINESE_WORDS, 12)
    if language == "zh":
        return f"{''.join(chinese[:6])}，{''.join(chinese[6:])}。"
    return f"{''.join(chinese[:6])} {' '.join(_chosen(chance, _ENGLISH_WORDS, 3))}。"


def _chosen(chance: random.Random, listed: Sequence[str], count: int) -> list[str]:
    return [listed[int(WORDS ** chance.random()) - 1] for _ in range(count)]


def _one(chance: random.Random, choices: tuple[tuple[Any, int], ...]) -> Any:
    return chance.choices([value for value, _ in choices], [share for _, share in choices])[0]


def _vocabulary(known: str, made: Iterator[str]) -> list[str]:
    """Return known words, and made-up ones after them."""
    found = dict.fromkeys(known.split())
    while len(found) < WORDS:
        found[next(made)] = None
    return list(found)


def _made_chinese() -> Iterator[str]:
    chance = random.Random(1)
    while True:
        yield "".join(chr(0x4E00 + int(CHARACTERS ** chance.random())) for _ in range(chance.choice((2, 2, 2, 3))))


def _made_english() -> Iterator[str]:
    chance, syllables = random.Random(2), SYLLABLES.split()
    while True:
        yield "".join(chance.choice(syllables) for _ in range(chance.choice((2, 3, 4))))


_OPTIONS = json.dumps(TranscriptionOptions().to_dict(), ensure_ascii=False)
CHINESE_WORDS = _vocabulary(CHINESE, _made_chinese())
_ENGLISH_WORDS = _vocabulary(ENGLISH, _made_english())
