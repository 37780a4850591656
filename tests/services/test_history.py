"""Search, trash and retention: with a real queue and a real worker."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from app.domain.errors.transcriptions import TranscriptionNotFound
from app.domain.states import JobState
from app.services.transcriptions.history import Excerpt, History, HistoryFilter, marked
from app.services.transcriptions.retention import Retention, Spans
from app.services.transcriptions.trash import Trash
from app.store import tables
from app.store.queries import segments, transcriptions
from app.store.queries.search import search_index
from tests.services.conftest import House, talk

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


def said(excerpt: Excerpt) -> str:
    """The text with brackets around what was found."""
    return "".join(f"[{piece.text}]" if piece.is_match else piece.text for piece in excerpt.pieces)


def finished(house: House, *texts: str, name: str = "talk.wav", ended: datetime | None = None) -> str:
    """Put in a recording as a worker leaves it, a segment of ten seconds for each text."""
    id = house.submit(b"RIFF", name).id
    with house.database.writing() as connection:
        rows = [
            {"index": index, "start": index * 10.0, "end": index * 10.0 + 9, "covers_seconds": 10.0}
            for index in range(len(texts))
        ]
        segments.add(connection, id, rows)
        for index, text in enumerate(texts):
            segments.finish(connection, id, index, state="done", text=text, text_raw=text, seconds_worked=0.1)
        transcriptions.recount(connection, id)
        moment = ended or NOW
        changes = {"state": "succeeded", "stage": "finished", "text": "".join(texts), "finished_at": moment}
        transcriptions.change(connection, id, **changes, duration=10.0 * len(texts))
        if ended:
            number = int(ended.timestamp() * 1000)
            of_id = select(tables.transcriptions.c.number).where(tables.transcriptions.c.id == id).scalar_subquery()
            moved = update(search_index).where(search_index.c.rowid == of_id)
            connection.execute(moved.values(rowid=number))
            connection.execute(update(tables.transcriptions).filter_by(id=id).values(number=number))
    return id


@pytest.fixture(name="history")
def _history(house: House) -> History:
    return History(house.queue)


@pytest.fixture(name="trash")
def _trash(house: House) -> Trash:
    return Trash(house.queue)


# Finding


def test_excerpts_show_the_segments_with_most_of_the_words_first(house: House, history: History) -> None:
    finished(house, "我们谈预算。", "没有什么。", "预算和合同都在会议上。", "合同。")
    (result,) = history.page(HistoryFilter(query="预算 合同"), 10).results

    assert [said(excerpt) for excerpt in result.excerpts] == [
        "[预算]和[合同]都在会议上。",
        "我们谈[预算]。",
        "[合同]。",
    ]
    assert [excerpt.start for excerpt in result.excerpts] == [20.0, 0.0, 30.0]


def test_an_excerpt_is_cut_around_what_was_found(house: House, history: History) -> None:
    finished(house, "开头" * 50 + "预算" + "结尾" * 100)
    (result,) = history.page(HistoryFilter(query="预算"), 10).results
    (excerpt,) = result.excerpts

    assert said(excerpt).startswith("…")
    assert said(excerpt).endswith("…")
    assert "[预算]" in said(excerpt)
    assert len(said(excerpt)) < 110


def test_words_across_two_segments_are_shown_without_a_place(house: House, history: History) -> None:
    finished(house, "我们在会", "议室。")
    (result,) = history.page(HistoryFilter(query="会议室"), 10).results

    assert [said(excerpt) for excerpt in result.excerpts] == ["我们在[会议室]。"]
    assert result.excerpts[0].start is None


def test_a_name_that_fits_is_marked_and_needs_no_place(house: House, history: History) -> None:
    finished(house, "别的内容。", name="周会 Budget.wav")
    (result,) = history.page(HistoryFilter(query="budget"), 10).results

    assert (said(Excerpt(result.name)), result.excerpts) == ("周会 [Budget].wav", ())


def test_marks_never_overlap_and_lose_nothing() -> None:
    for query in ("会议 议室", "会 会议室", "会议室 会议", "a aa", "。", '"会议'):
        for text in ("今天会议室开会议。aaa a", "", "会议室会议室"):
            assert "".join(piece.text for piece in marked(text, query)) == text


def test_the_days_are_those_of_the_readers_zone(house: House, history: History) -> None:
    finished(house, "一", ended=NOW.replace(hour=15, minute=59))
    finished(house, "二", ended=NOW.replace(hour=16))
    in_china = history.days(ZoneInfo("Asia/Shanghai"), 2, NOW.replace(hour=17))
    in_utc = history.days(ZoneInfo("UTC"), 2, NOW.replace(hour=17))

    assert [(day.date, day.count) for day in in_china] == [(date(2026, 11, 27), 1), (date(2026, 11, 28), 1)]
    assert [day.count for day in in_utc] == [0, 2]


# Throwing away


def test_more_than_one_transaction_takes_is_thrown_away_and_taken_back(
    house: House, trash: Trash, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.transcriptions.trash.AT_ONCE", 3)
    count = 7
    for number in range(count):
        house.submit(b"RIFF", f"{number}.wav")
    deletion = trash.put_found(HistoryFilter())

    assert deletion.count == count
    assert sum(house.queue.counts().values()) == 0
    assert trash.undo(deletion.moment) == count
    assert house.queue.counts()[JobState.CANCELLED] == count


def test_a_job_in_the_trash_is_never_done(house: House, trash: Trash) -> None:
    thrown = house.submit(talk(0.2)).id
    trash.move([thrown])
    with house.working("EchoEngine"):
        house.end_of(house.submit(talk(0.3)).id)

    assert trash.restore(thrown).state is JobState.CANCELLED
    assert "job_started" not in house.events(thrown)


def test_a_job_that_runs_is_cancelled_and_keeps_what_it_has(house: House, trash: Trash) -> None:
    with house.working("WaitingEngine"):
        id = house.submit(talk(0.2, 0.3, 0.4)).id
        house.until(lambda: any(house.folder.glob("begun-*")))
        trash.move([id])
        with pytest.raises(TranscriptionNotFound):
            house.queue.get(id)
        house.note("go")
        house.until(lambda: _state(house, id) == "cancelled")

    restored = trash.restore(id)
    assert restored.state is JobState.CANCELLED
    assert restored.progress.segments_done < 3
    assert house.queue.source_path(id).is_file()


def test_a_running_job_that_is_removed_goes_when_its_worker_lets_go(house: House, trash: Trash) -> None:
    with house.working("WaitingEngine"):
        id = house.submit(talk(0.2, 0.3)).id
        house.until(lambda: any(house.folder.glob("begun-*")))
        trash.move([id])
        assert trash.remove([id]) == 1
        assert house.files.folder(id).exists()
        house.note("go")
        house.until(lambda: not house.files.folder(id).exists())

    assert _state(house, id) is None


def test_a_restored_job_can_be_tried_again(house: House, trash: Trash) -> None:
    id = house.submit(talk(0.2)).id
    trash.move([id])
    trash.restore(id)
    house.queue.retry(id)
    with house.working("EchoEngine"):
        ended = house.end_of(id)

    assert (ended.state, ended.text) == (JobState.SUCCEEDED, "Level 2.")


# Keeping for a time


def keep(house: House, history_days: int, trash_days: int, days_later: float = 0.0) -> None:
    retention = Retention(Trash(house.queue), lambda: Spans(history_days, trash_days))
    retention.apply(datetime.now(UTC) + timedelta(days=days_later))


def shown(house: House) -> set[str]:
    return {item.id for item in house.queue.search().items}


def test_what_is_old_goes_to_the_trash_and_from_there_for_good(house: House) -> None:
    now = datetime.now(UTC)
    old = finished(house, "旧", ended=now - timedelta(days=8))
    new = finished(house, "新", ended=now - timedelta(days=6))

    keep(house, history_days=7, trash_days=30)
    assert shown(house) == {new}
    keep(house, history_days=0, trash_days=30, days_later=29)
    assert Trash(house.queue).restore(old).text == "旧"
    Trash(house.queue).move([old])
    keep(house, history_days=0, trash_days=30, days_later=31)
    with pytest.raises(TranscriptionNotFound):
        Trash(house.queue).restore(old)
    assert not house.files.folder(old).exists()
    assert shown(house) == {new}


def test_nothing_is_old_where_everything_is_kept_for_ever(house: House, trash: Trash) -> None:
    old, thrown = (finished(house, "旧", ended=NOW - timedelta(days=days)) for days in (4000, 4001))
    trash.move([thrown])

    keep(house, history_days=0, trash_days=0, days_later=40_000)

    assert shown(house) == {old}
    assert trash.restore(thrown).id == thrown


def test_what_waits_or_was_tried_again_lately_is_not_old(house: House) -> None:
    waiting = house.submit(b"RIFF").id
    again = finished(house, "旧", ended=NOW - timedelta(days=4000))
    with house.database.writing() as connection:
        transcriptions.change(connection, again, finished_at=datetime.now(UTC))

    keep(house, history_days=1, trash_days=1)
    assert shown(house) == {waiting, again}


def test_the_keeper_looks_by_itself_and_ends_with_its_block(house: House) -> None:
    old = finished(house, "旧", ended=datetime.now(UTC) - timedelta(days=8))
    spans = Spans(0, 30)
    retention = Retention(Trash(house.queue), lambda: spans, look_seconds=0.02)
    with retention.running():
        spans = Spans(7, 30)  # as a change on the page
        house.until(lambda: old not in shown(house))


def _state(house: House, id: str) -> str | None:
    with house.database.reading() as connection:
        return connection.scalar(select(tables.transcriptions.c.state).filter_by(id=id))
