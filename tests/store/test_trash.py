"""The trash: what is hidden, what can be restored, and what open pages are notified of."""

from __future__ import annotations

from datetime import timedelta

from app.domain.states import JobState
from app.store.queries import history, transcriptions, trash
from app.store.queries.history_filter import HistoryFilter, HistoryPosition
from app.store.queries.transcriptions import DELETIONS_KEPT
from tests.store.conftest import BEGIN, SavedTranscriptions


def in_trash(saved: SavedTranscriptions, **place: HistoryPosition) -> list[str]:
    with saved.database.reading() as connection:
        return [row["id"] for row in history.page(connection, HistoryFilter(in_trash=True), 10, **place).rows]


def test_what_is_in_the_trash_is_nowhere_else(saved: SavedTranscriptions) -> None:
    id = saved.add("会议", state="queued", finished_at=None)
    with saved.database.writing() as connection:
        assert trash.hide(connection, [id, "unknown"], BEGIN) == 1
        assert trash.hide(connection, [id], BEGIN + timedelta(days=1)) == 0
        assert transcriptions.find(connection, id) is None
        assert history.page(connection, HistoryFilter(), 10).rows == []
        assert history.page(connection, HistoryFilter(query="会议"), 10).rows == []
        assert not transcriptions.has_waiting(connection)
        assert transcriptions.claim(connection, "worker", BEGIN) is None
        assert transcriptions.changed_since(connection, 0) == []
        assert transcriptions.deleted_between(connection, 0, 2**62) == [id]

    assert in_trash(saved) == [id]


def test_it_comes_back_as_a_change_that_open_pages_are_told(saved: SavedTranscriptions) -> None:
    id = saved.add("会议")
    with saved.database.writing() as connection:
        trash.hide(connection, [id], BEGIN)
        before = transcriptions.current_revision(connection)
        assert trash.restore(connection, [id, "unknown"]) == 1
        assert trash.restore(connection, [id]) == 0
        assert [row["id"] for row in transcriptions.changed_since(connection, before)] == [id]
        assert transcriptions.deleted_between(connection, 0, 2**62) == []

    assert (in_trash(saved), saved.found("会议")) == ([], [id])


def test_the_latest_deletion_comes_first_page_by_page(saved: SavedTranscriptions) -> None:
    ids = [saved.add() for _ in range(4)]
    moments = [BEGIN + timedelta(seconds=second) for second in (3, 1, 2, 2)]
    with saved.database.writing() as connection:
        for id, moment in zip(ids, moments, strict=True):
            trash.hide(connection, [id], moment)
        rows = history.page(connection, HistoryFilter(in_trash=True), 10).rows
    places = [HistoryPosition(row["number"], row["deleted_at"]) for row in rows]

    expected = [ids[0], ids[3], ids[2], ids[1]]
    assert in_trash(saved) == expected
    assert in_trash(saved, before=places[1]) == expected[2:]
    assert in_trash(saved, after=places[2]) == expected[:2]


def test_a_running_job_is_asked_to_stop_and_removed_by_its_worker(saved: SavedTranscriptions) -> None:
    running, done = saved.add(state="running", worker="w", finished_at=None), saved.add()
    with saved.database.writing() as connection:
        trash.hide(connection, [running, done], BEGIN)
        held = transcriptions.held(connection, running, "w")
        assert held
        assert held["cancel_requested"]
        assert trash.give_up(connection, [running, done, "unknown"]) == (2, [done])
        assert transcriptions.being_deleted(connection) == [done]
        transcriptions.change(connection, running, state=JobState.CANCELLED)
        assert set(transcriptions.being_deleted(connection)) == {running, done}


def test_what_is_not_in_the_trash_cannot_be_given_up(saved: SavedTranscriptions) -> None:
    id = saved.add()
    with saved.database.writing() as connection:
        assert trash.give_up(connection, [id]) == (0, [])
        assert transcriptions.find(connection, id)


def test_one_action_is_named_by_its_moment(saved: SavedTranscriptions) -> None:
    ids = [saved.add() for _ in range(3)]
    later = BEGIN + timedelta(microseconds=1)
    with saved.database.writing() as connection:
        trash.hide(connection, ids[:2], BEGIN)
        trash.hide(connection, ids[2:], later)
        assert set(trash.put_at(connection, BEGIN, 10)) == set(ids[:2])
        assert set(trash.put_before(connection, later, 10)) == set(ids[:2])


def test_no_more_deletions_are_remembered_than_pages_can_miss(saved: SavedTranscriptions) -> None:
    with saved.database.writing() as connection:
        ids = [saved.add(connection=connection) for _ in range(DELETIONS_KEPT + 5)]
        trash.hide(connection, ids, BEGIN)
        told = transcriptions.deleted_between(connection, 0, 2**62)

    assert told == ids[-DELETIONS_KEPT:] or len(told) == DELETIONS_KEPT
