"""The queries of the history: pages, filters, consistent totals, and plans without table scans."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.domain.states import JobState
from app.store.queries import edits, history, segments, transcriptions, trash
from app.store.queries.history import COUNTED_TO
from app.store.queries.history_filter import RARE, HistoryFilter, HistoryPosition, plan_query
from app.store.queries.passages.places import places
from app.store.tables import history_totals
from app.store.tables import transcriptions as table
from tests.store.conftest import BEGIN, ON_SQLITE, SavedTranscriptions


def page(saved: SavedTranscriptions, wanted: HistoryFilter, limit: int = 10, **place: Any) -> list[str]:
    with saved.database.reading() as connection:
        return [row["id"] for row in history.page(connection, wanted, limit, **place).rows]


def count(saved: SavedTranscriptions, wanted: HistoryFilter) -> int:
    with saved.database.reading() as connection:
        return history.count(connection, wanted)


def test_pages_join_without_a_gap_in_both_directions(saved: SavedTranscriptions) -> None:
    ids = [saved.add("会议") for _ in range(7)][::-1]
    for wanted in (
        HistoryFilter(),
        HistoryFilter(query="会议"),
        HistoryFilter(source="api"),
        HistoryFilter(since=BEGIN),
    ):
        with saved.database.reading() as connection:
            rows = history.page(connection, wanted, 10).rows
        places = [HistoryPosition(row["number"]) for row in rows]

        assert [row["id"] for row in rows] == ids
        assert page(saved, wanted, 3, before=places[2]) == ids[3:6]
        assert page(saved, wanted, 3, after=places[4]) == ids[1:4]
        assert page(saved, wanted, 3, before=places[6]) == []
        assert page(saved, wanted, 3, after=places[0]) == []


def test_filters_go_together_and_are_counted(saved: SavedTranscriptions) -> None:
    chinese = saved.add("会议", language="zh")
    failed = saved.add("会议", language="zh", state="failed")
    saved.add("meeting", language="en", source="page")

    assert page(saved, HistoryFilter(language="zh")) == [failed, chinese]
    assert page(saved, HistoryFilter(language="zh", state=JobState.FAILED)) == [failed]
    assert page(saved, HistoryFilter(query="会议", state=JobState.SUCCEEDED)) == [chinese]
    assert page(saved, HistoryFilter(query="会议", source="page")) == []
    assert [
        count(saved, wanted) for wanted in (HistoryFilter(), HistoryFilter(language="zh"), HistoryFilter(query="会议"))
    ] == [
        3,
        2,
        2,
    ]


def test_a_day_begins_with_its_first_moment_and_ends_before_the_next(saved: SavedTranscriptions) -> None:
    ids = [saved.add("会议") for _ in range(3)]
    second = BEGIN + timedelta(minutes=2)

    assert page(saved, HistoryFilter(since=second)) == [ids[2], ids[1]]
    assert page(saved, HistoryFilter(until=second)) == [ids[0]]
    assert page(saved, HistoryFilter(query="会议", since=second, until=second + timedelta(minutes=1))) == [ids[1]]


@ON_SQLITE
def test_a_search_is_counted_up_to_a_thousand(saved: SavedTranscriptions) -> None:
    with saved.database.writing() as connection:
        for _ in range(COUNTED_TO + 20):
            saved.add("会议", connection=connection)

    assert count(saved, HistoryFilter(query="会议")) == COUNTED_TO + 1
    assert count(saved, HistoryFilter()) == COUNTED_TO + 20


def test_two_of_one_millisecond_have_different_places(saved: SavedTranscriptions) -> None:
    ids = [saved.add(created_at=BEGIN) for _ in range(3)]

    assert page(saved, HistoryFilter()) == ids[::-1]


def test_the_totals_agree_with_the_rows_whatever_happens(saved: SavedTranscriptions) -> None:
    chance = random.Random(11)
    ids = [
        saved.add(language=chance.choice(["zh", "en", None]), source=chance.choice(["api", "page"])) for _ in range(30)
    ]
    with saved.database.writing() as connection:
        for _ in range(200):
            id = chance.choice(ids)
            act = chance.randrange(5)
            if act == 0:
                transcriptions.change(connection, id, state=chance.choice(["failed", "queued"]), language="zh")
            if act == 1:
                trash.hide(connection, [id], BEGIN)
            if act == 2:
                trash.restore(connection, [id])
            if act == 3:
                transcriptions.change(connection, id, duration=chance.random() * 100)
            if act == 4 and chance.random() < 0.1:
                trash.give_up(connection, [id])
        transcriptions.remove(connection, ids[0])
        rows = connection.execute(select(table).where(table.c.delete_requested.is_(False))).mappings().all()
        told = connection.execute(select(history_totals).where(history_totals.c.count != 0)).mappings().all()

    assert sum(line["count"] for line in told) == len(rows)
    for line in told:
        kind = [
            row
            for row in rows
            if (row["state"], row["language"] or "", row["source"]) == (line["state"], line["language"], line["source"])
            and (row["deleted_at"] is not None) == line["in_trash"]
        ]
        assert line["count"] == len(kind)
        assert line["seconds"] == pytest.approx(sum(row["duration"] or 0 for row in kind))
        assert line["size_bytes"] == sum(row["size_bytes"] for row in kind)


@ON_SQLITE
@pytest.mark.parametrize(
    ("wanted", "rows"),
    [
        (HistoryFilter(), 1),
        (HistoryFilter(state=JobState.FAILED), 1),
        (HistoryFilter(language="zh", source="api"), 1),
        (HistoryFilter(source="page"), 1),
        (HistoryFilter(since=BEGIN), 1),
        (HistoryFilter(in_trash=True), 1),
        (HistoryFilter(query="会议"), 1),
        (HistoryFilter(query="会议", state=JobState.FAILED), 1),
        (HistoryFilter(query="会议", state=JobState.FAILED), RARE + 1),
    ],
)
def test_a_page_is_found_in_indexes_alone_and_never_sorted(
    saved: SavedTranscriptions, wanted: HistoryFilter, rows: int
) -> None:
    kind = {"state": wanted.state or "succeeded", "language": "zh", "source": wanted.source or "api"}
    with saved.database.writing() as connection:
        for _ in range(rows):
            saved.add("会议", connection=connection, **kind)
        plan = plan_query(connection, wanted)
        assert plan
        compiled = plan.below(None).limit(20).compile(connection.engine)
        values = tuple(compiled.construct_params()[name] for name in compiled.positiontup or ())
        bound = [value.timestamp() if hasattr(value, "timestamp") else value for value in values]
        steps = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", tuple(bound))]

    assert not [step for step in steps if "TEMP B-TREE" in step], steps
    assert all("INDEX" in step or "SUBQUERY" in step for step in steps), steps


@pytest.mark.parametrize("others", [0, RARE])
def test_a_rare_kind_and_a_frequent_one_are_searched_alike(saved: SavedTranscriptions, others: int) -> None:
    with saved.database.writing() as connection:
        for _ in range(others):
            saved.add("别的", state="failed", connection=connection)
        saved.add("会议", connection=connection)
        ids = [saved.add("会议", state="failed", connection=connection) for _ in range(5)][::-1]
    wanted = HistoryFilter(query="会议", state=JobState.FAILED)

    with saved.database.reading() as connection:
        places = [HistoryPosition(row["number"]) for row in history.page(connection, wanted, 10).rows]
    assert page(saved, wanted) == ids
    assert page(saved, wanted, 2, before=places[1]) == ids[2:4]
    assert page(saved, wanted, 2, after=places[3]) == ids[1:3]
    assert count(saved, wanted) == 5
    assert page(saved, HistoryFilter(query="会议", state=JobState.RUNNING)) == []


def test_days_are_counted_in_half_hours(saved: SavedTranscriptions) -> None:
    for _ in range(31):
        saved.add()
    gone = saved.add()
    with saved.database.writing() as connection:
        trash.hide(connection, [gone], BEGIN)
        slots = history.created_since(connection, BEGIN)

    assert slots == [(BEGIN, 29), (BEGIN + timedelta(minutes=30), 2)]


def test_only_what_has_ended_long_ago_is_old(saved: SavedTranscriptions) -> None:
    old = saved.add()
    saved.add(state="queued", finished_at=None)
    saved.add(state="running", finished_at=None)
    saved.add(finished_at=BEGIN + timedelta(days=9))
    with saved.database.reading() as connection:
        found = history.ended_before(connection, BEGIN + timedelta(days=1), 10)

    assert found == [old]


def test_places_are_the_first_with_the_words_and_edited_text_counts(
    saved: SavedTranscriptions,
) -> None:
    id = saved.add("会议")
    texts = ["会议一", "别的", "Meeting 会议", "会议三", "会议四"]
    with saved.database.writing() as connection:
        times = [{"start": float(index), "end": index + 1.0, "covers_seconds": 1.0} for index in range(len(texts))]
        said = [{"index": index, "state": "done", "text": text} for index, text in enumerate(texts)]
        segments.add(connection, id, [time | one for time, one in zip(times, said, strict=True)])
        edits.replace(connection, id, 1, 1, [{"start": 1.0, "end": 2.0, "text": "改成会议"}], BEGIN)
        found = [(row["index"], row["start"], row["text"]) for row in places(connection, [id], "会议")[id]]
        latin = places(connection, [id], "MEETING")[id]

    assert found == [(0, 0.0, "会议一"), (1, 1.0, "改成会议"), (2, 2.0, "Meeting 会议")]
    assert [row["index"] for row in latin] == [2]
