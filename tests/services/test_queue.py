"""The queue without a worker: submitting, finding, and notifications."""

from __future__ import annotations

from contextlib import closing

import pytest

from app.domain.errors.transcriptions import TranscriptionNotFound
from app.domain.errors.uploads import EmptyFile
from app.domain.hotwords import parse_hotwords
from app.domain.options import TranscriptionOptions, VadOptions
from app.domain.progress import eta_seconds, percent_done
from app.domain.states import JobState
from app.services.transcriptions.job_queue import Queue
from app.web import sse
from app.web.api import events
from tests.databases import database_in
from tests.services.conftest import House


def test_what_was_submitted_is_there_for_another_process(house: House) -> None:
    options = TranscriptionOptions(
        "zh", parse_hotwords("转写 Conformer"), itn=False, vad=VadOptions(detector="webrtcvad", mode=3)
    )
    with house.queue.receive("会议 (1).MP3", 100) as incoming:
        incoming.write(b"sound")
        submitted = house.queue.submit(incoming, options, "page")

    with closing(database_in(house.folder)) as database:
        found = Queue(database, house.files).get(submitted.id)
    assert found == submitted
    assert (found.name, found.state, found.source) == ("会议 (1).MP3", JobState.QUEUED, "page")
    assert found.options == options
    assert found.size_bytes == 5
    assert found.progress.queue_position == 1
    assert house.queue.source_path(found.id).read_bytes() == b"sound"


def test_an_empty_file_is_refused_and_leaves_nothing(house: House) -> None:
    with pytest.raises(EmptyFile):
        house.submit(b"")

    assert house.queue.search().total == 0
    assert list((house.folder / "incoming").iterdir()) == []
    assert list(house.files.folder("any").parent.iterdir()) == []


def test_names_that_are_not_unicode_are_stored_readably(house: House) -> None:
    record = house.submit(b"x", "bad\udcff.wav")

    assert house.queue.rename(record.id, "worse\udcff").name == "worse?"
    assert record.name == "bad?.wav"
    assert house.queue.search("\udcff bad").total == 0
    assert house.queue.search("worse\udcff").total == 1


@pytest.mark.parametrize("id", ["", "nope", "../../etc", "%"])
def test_an_unknown_id_is_said_to_be_unknown(house: House, id: str) -> None:
    for ask in (
        house.queue.get,
        house.queue.segments,
        house.queue.transcript,
        house.queue.source_path,
        house.queue.peaks,
        house.queue.log_lines,
        house.queue.cancel,
        house.queue.retry,
        house.queue.delete,
    ):
        with pytest.raises(TranscriptionNotFound):
            ask(id)


def test_the_newest_comes_first_page_by_page(house: House) -> None:
    ids = [house.submit(b"x", f"{number}.wav").id for number in range(5)]

    pages = [house.queue.search(limit=2, offset=offset) for offset in (0, 2, 4)]
    assert [item.id for page in pages for item in page.items] == ids[::-1]
    assert [page.total for page in pages] == [5, 5, 5]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("会议", ["会议 2026.mp3"]),
        ("MEETING", ["Meeting_100%.wav"]),
        ("2026 会", ["会议 2026.mp3"]),
        ("meet", ["Meeting_100%.wav"]),
        ("100%", ["Meeting_100%.wav"]),
        ("%", []),
        ("_", []),
        ("\\", []),
        ('"', []),
        ("name:会议 NOT", []),
        ("' OR 1=1 --", []),
        ("  ", ["Meeting_100%.wav", "会议 2026.mp3"]),
        ("x" * 100_000, []),
    ],
)
def test_a_search_takes_words_and_nothing_else_of_a_query(house: House, query: str, found: list[str]) -> None:
    house.submit(b"x", "会议 2026.mp3")
    house.submit(b"x", "Meeting_100%.wav")

    assert [item.name for item in house.queue.search(query).items] == found


def test_a_search_may_be_limited_to_a_state(house: House) -> None:
    house.submit(b"x")
    house.queue.cancel(house.submit(b"x").id)

    assert house.queue.search(state=JobState.CANCELLED).total == 1
    assert house.queue.counts()[JobState.QUEUED] == 1
    assert house.queue.counts()[JobState.RUNNING] == 0


def test_every_change_is_told_once_in_its_order(house: House) -> None:
    first, second = house.submit(b"x").id, house.submit(b"x").id
    seen = house.queue.revision()
    assert house.queue.changed_since(seen) == []

    house.queue.rename(second, "second")
    house.queue.rename(first, "first")
    house.queue.rename(second, "second again")

    changed = house.queue.changed_since(seen)
    assert [record.name for record in changed] == ["first", "second again"]
    assert changed[-1].revision == house.queue.revision()


def test_thousands_of_changes_are_told_in_pages(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (events, sse):
        monkeypatch.setattr(module, "CHANGES_AT_ONCE", 2)
    ids = [house.submit(b"x").id for _ in range(5)]
    house.queue.delete(ids[0])
    pages, seen = [], sse.Cursor(0)
    while (page := events.changes_after(house.queue, seen)).position != seen:
        pages.append(page)
        seen = page.position

    assert [len(page.records) for page in pages] == [2, 2, 0]
    assert {record.id for page in pages for record in page.records} == {*ids[1:]}
    assert [id for page in pages for id in page.deleted] == [ids[0]]
    assert seen == sse.Cursor(house.queue.revision())


def test_those_who_wait_are_told_when_they_move_up(house: House) -> None:
    first, second, third = (house.submit(b"x").id for _ in range(3))
    seen = house.queue.revision()
    house.queue.cancel(first)

    told = {record.id: record.progress.queue_position for record in house.queue.changed_since(seen)}
    assert told == {first: None, second: 1, third: 2}

    seen = house.queue.revision()
    house.queue.delete(second)
    assert [record.id for record in house.queue.changed_since(seen)] == [third]


def test_a_deletion_is_told_and_keeps_the_files(house: House) -> None:
    id = house.submit(b"x").id
    seen = house.queue.revision()
    house.queue.delete(id)

    assert house.queue.deleted_between(seen, house.queue.revision()) == [id]
    assert house.queue.revision() > seen
    assert house.queue.counts()[JobState.QUEUED] == 0
    assert house.files.folder(id).exists()


def test_a_retried_job_waits_behind_the_others(house: House) -> None:
    first, second = house.submit(b"x").id, house.submit(b"x").id
    house.queue.cancel(first)
    house.queue.retry(first)

    positions = [house.queue.get(id).progress.queue_position for id in (first, second)]
    assert positions == [2, 1]


def test_the_time_left_follows_the_pace_so_far() -> None:
    assert eta_seconds(seconds_done=10, duration=40, seconds_worked=5) == 15
    assert eta_seconds(seconds_done=0, duration=40, seconds_worked=0) is None
    assert percent_done(10, 40) == 25
    assert percent_done(5, None) == 0
