"""Batches in the services layer: what is claimed and when, what survives a kill, imports and notifications."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import update

from app.domain.client_request import ClientRequest
from app.domain.errors.uploads import UploadOffsetConflict
from app.domain.options import TranscriptionOptions
from app.domain.sources import Source
from app.domain.states import DesiredState, JobState
from app.services.batches.batches import Batches, BatchState, ItemState
from app.services.batches.importer import BatchImporter
from app.services.batches.records import tally
from app.services.batches.server_folder import Recording, natural
from app.services.batches.throughput import ThroughputMeter
from app.services.batches.uploads import BatchUploads
from app.services.clients.client_requests import ClientRequests, Wanted
from app.services.transcriptions.trash import Trash
from app.store import tables
from app.store.files.upload_chunks import UploadFiles
from app.store.queries import batch_items, batches
from app.store.queries.transcriptions import next_revision
from app.web import sse
from app.web.api import batch_events
from tests.conftest import REPOSITORY
from tests.services.conftest import House, talk


@dataclass
class Desk:
    """One data folder with everything that batches need."""

    house: House
    book: Batches
    batch_uploads: BatchUploads

    def begin(self, name: str = "Calls", folder: str | None = None) -> str:
        return self.book.create(name, TranscriptionOptions(), folder).id

    def send(self, batch: str, name: str, data: bytes, *, piece: int = 1 << 20) -> str:
        upload = self.batch_uploads.announce(batch, name, len(data))
        for begin in range(upload.offset, len(data), piece):
            with self.batch_uploads.slice(upload.id, begin) as begun:
                begun.write(data[begin : begin + piece])
        self.batch_uploads.take_in(upload.id)
        return upload.id

    def states(self, batch: str) -> list[str]:
        return [item.state.value for item in self.book.every_item(batch)]

    def ended(self, batch: str) -> bool:
        return self.book.get(batch).state in (BatchState.DONE, BatchState.CANCELLED)

    @contextmanager
    def carried(self, root: Path | None = None) -> Iterator[BatchImporter]:
        importer = BatchImporter(self.batch_uploads, root, [self.book.clear_up])
        with importer.running():
            yield importer


@pytest.fixture(name="desk")
def _desk(house: House) -> Desk:
    uploads = UploadFiles(house.folder)
    return Desk(house, Batches(house.queue, uploads), BatchUploads(house.queue, uploads, lambda: 10**9))


def test_one_bad_file_stops_no_other(desk: Desk) -> None:
    batch = desk.begin()
    desk.send(batch, "a.wav", talk(0.2))
    desk.send(batch, "bad.mp3", b"not a song, only its words\n" * 50)
    desk.send(batch, "poison.wav", talk(0.95))
    desk.send(batch, "b.wav", talk(0.4))
    with desk.house.working("FailingEngine"):
        desk.house.until(lambda: desk.ended(batch))

    items = list(desk.book.every_item(batch))
    assert [item.state for item in items] == ["succeeded", "failed", "failed", "succeeded"]
    assert [item.error.code if item.error else "" for item in items] == [
        "",
        "not_audio",
        "segments_failed",
        "",
    ]
    assert [item.text for item in items] == ["Level 2.", "", "", "Level 4."]
    told = desk.book.get(batch)
    assert (told.progress, told.counts["succeeded"], told.counts["failed"]) == (1.0, 2, 2)
    assert told.seconds_done == pytest.approx(told.seconds_total)


def test_thousands_of_changed_batches_are_told_in_pages(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (batch_events, sse):
        monkeypatch.setattr(module, "CHANGES_AT_ONCE", 2)
    ids = [desk.begin(str(number)) for number in range(5)]
    with desk.house.database.writing() as connection:  # as one transcription of two batches changes both
        connection.execute(update(tables.batches).values(revision=next_revision(connection)))
    desk.book.delete(ids[0])
    seen = batch_events.Changes(sse.Cursor(0), {*ids})
    pages = []
    while (page := batch_events.changes_after(desk.house.queue, desk.book, seen)).position != seen.position:
        pages.append(page)
        seen = page

    assert [len(page.changed) for page in pages] == [2, 2, 0]
    assert {batch.id for page in pages for batch in page.changed} == {*ids[1:]}
    assert [id for page in pages for id in page.deleted] == [ids[0]]


def test_only_the_deletion_of_new_batches_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_events, "BATCHES_FOLLOWED", 1)
    first = batch_events.beginning(desk.house.queue, desk.book, 0)
    older = desk.begin()
    seen = batch_events.changes_after(desk.house.queue, desk.book, first)
    newer = desk.begin()
    then = batch_events.changes_after(desk.house.queue, desk.book, seen)

    assert (seen.known, then.known, then.deleted) == ({older}, {newer}, set())


def test_what_one_person_waits_for_comes_before_a_batch(desk: Desk) -> None:
    batch = desk.begin()
    for level in (0.2, 0.4):
        desk.send(batch, f"{level}.wav", talk(level))
    alone = desk.house.submit(talk(0.6)).id

    assert desk.house.queue.get(alone).progress.queue_position == 1
    with desk.house.working("WaitingEngine"):
        desk.house.until(lambda: desk.house.queue.get(alone).state is JobState.RUNNING)
        assert desk.states(batch).count("running") <= 1
        desk.house.note("go")
        desk.house.end_of(alone)
        desk.house.until(lambda: desk.ended(batch))


def test_jobs_of_a_paused_batch_are_not_claimed_until_it_goes_on(desk: Desk) -> None:
    batch = desk.begin()
    desk.send(batch, "a.wav", talk(0.2))
    desk.book.pause(batch)
    desk.send(batch, "b.wav", talk(0.4))  # what comes later waits as well
    with desk.house.working("EchoEngine"):
        desk.house.end_of(desk.house.submit(talk(0.6)).id)
        assert desk.states(batch) == ["queued", "queued"]
        desk.book.resume(batch)
        desk.house.until(lambda: desk.ended(batch))

    assert desk.states(batch) == ["succeeded", "succeeded"]


def test_a_pause_lets_go_of_what_is_being_read_and_repeats_nothing(desk: Desk) -> None:
    batch = desk.begin()
    desk.send(batch, "long.wav", talk(0.2, 0.4, 0.6, 0.8))
    [item] = desk.book.every_item(batch)
    id = item.transcription_id or ""
    with desk.house.working("SlowEngine"):
        desk.house.until(lambda: desk.house.queue.get(id).progress.segments_done > 0)
        desk.book.pause(batch)
        desk.house.until(lambda: desk.states(batch) == ["queued"])
        assert desk.book.get(batch).state is BatchState.PAUSED
        desk.book.resume(batch)
        desk.house.until(lambda: desk.ended(batch))

    assert desk.house.queue.get(id).text_raw == "level 2 level 4 level 6 level 8"
    assert sorted(desk.house.finished_segments(id)) == [f"index={number}" for number in range(4)]
    assert "job_given_back" in desk.house.events(id)


def test_a_cancelled_batch_keeps_what_is_done_and_is_tried_again(desk: Desk) -> None:
    batch = desk.begin()
    desk.send(batch, "long.wav", talk(0.2, 0.4, 0.6, 0.8))
    desk.send(batch, "other.wav", talk(0.6))
    with desk.house.working("SlowEngine"):
        desk.house.until(lambda: any(item.progress > 0 for item in desk.book.every_item(batch)))
        assert desk.book.cancel(batch).state is BatchState.CANCELLED
        desk.house.until(lambda: "running" not in desk.states(batch))
        desk.book.retry(batch)
        desk.house.until(lambda: desk.ended(batch))

    assert desk.states(batch) == ["succeeded", "succeeded"]
    id = next(desk.book.every_item(batch)).transcription_id or ""
    assert sorted(desk.house.finished_segments(id)) == [f"index={number}" for number in range(4)]


def test_only_the_missing_pieces_of_the_failed_are_done_again(desk: Desk) -> None:
    batch = desk.begin()
    desk.send(batch, "a.wav", talk(0.2, 0.95))
    with desk.house.working("FailingEngine"):
        desk.house.until(lambda: desk.ended(batch))
    assert desk.states(batch) == ["failed"]
    desk.book.retry(batch)
    with desk.house.working("EchoEngine"):
        desk.house.until(lambda: desk.states(batch) == ["succeeded"])

    id = next(desk.book.every_item(batch)).transcription_id or ""
    assert sorted(desk.house.finished_segments(id)) == ["index=0", "index=1"]


def test_what_waits_is_read_in_the_order_of_the_list(desk: Desk) -> None:
    batch = desk.begin()
    for level in (2, 4, 6, 8):
        desk.send(batch, f"{level}.wav", talk(level / 10))
    desk.book.order(batch, [3])
    desk.book.order(batch, [2], before=1)
    order = [item.name for item in desk.book.every_item(batch)]
    assert order == ["8.wav", "4.wav", "2.wav", "6.wav"]

    claimed = []
    from app.services.transcriptions.job_store import JobStore

    claims = JobStore(desk.house.queue, "me")
    while job := claims.claim():
        claimed.append(job.name)
    assert claimed == order


def test_a_cancelled_batch_that_is_retried_at_once_goes_on_reading(desk: Desk) -> None:
    batch = desk.begin()
    desk.send(batch, "a.wav", talk(0.2, 0.3, 0.4, 0.5, 0.6))
    with desk.house.working("BatchEngine"):
        desk.house.until(lambda: _is_read(desk))
        desk.book.cancel(batch)
        desk.book.retry(batch)
        desk.house.note("go")
        desk.house.until(lambda: desk.ended(batch))

    assert desk.states(batch) == ["succeeded"]


def _is_read(desk: Desk) -> bool:
    return any(job.progress.stage == "recognizing" for job in desk.house.queue.search().items)


def test_a_place_in_the_list_stays_when_others_are_cancelled_or_gone(desk: Desk) -> None:
    batch = desk.begin()
    for level in (2, 4, 6):
        desk.send(batch, f"{level}.wav", talk(level / 10))
    first = next(desk.book.every_item(batch))
    desk.house.queue.delete(first.transcription_id or "")
    desk.book.order(batch, [2], before=1)

    assert [item.name for item in desk.book.every_item(batch)] == ["6.wav", "4.wav"]


def test_two_connections_for_one_upload_leave_one_and_no_byte_twice(desk: Desk) -> None:
    batch, data = desk.begin(), talk(0.2)
    upload = desk.batch_uploads.announce(batch, "a.wav", len(data)).id
    with desk.batch_uploads.slice(upload, 0) as old:
        old.write(data[:1000])
        assert desk.batch_uploads.offset(upload).offset == 1000  # who asks has lost the old one
        with desk.batch_uploads.slice(upload, 1000) as new:
            with pytest.raises(UploadOffsetConflict):
                old.write(data[1000:2000])
            new.write(data[1000:])
    desk.batch_uploads.take_in(upload)

    item = next(desk.book.every_item(batch))
    assert desk.house.queue.source_path(item.transcription_id or "").read_bytes() == data


UPLOAD_AND_DIE = """
import os, signal, sys
from pathlib import Path
from app.services.batches.uploads import BatchUploads
from app.services.transcriptions.job_queue import Queue
from tests.databases import database_in
from app.store.files.recordings import Files
from app.store.files.upload_chunks import UploadFiles

folder, upload, moment = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
queue = Queue(database_in(folder), Files(folder))
arrivals = BatchUploads(queue, UploadFiles(folder), lambda: 10**9)
data = sys.stdin.buffer.read()
die = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
if moment == "before the row":
    queue._add = die
if moment == "before the file goes":
    arrivals.uploads.remove = die
with arrivals.slice(upload, 0) as begun:
    begun.write(data)
    if moment == "before it is counted":
        die()
if moment == "when all is here":
    die()
arrivals.take_in(upload)
"""


@pytest.mark.folder("its server keeps uploads in the folder; tests/objects/test_faults.py kills one with a store")
@pytest.mark.parametrize(
    "moment", ["before it is counted", "when all is here", "before the row", "before the file goes"]
)
def test_a_kill_during_an_upload_loses_nothing_and_doubles_nothing(desk: Desk, moment: str) -> None:
    batch, data = desk.begin(), talk(0.2)
    upload = desk.batch_uploads.announce(batch, "a.wav", len(data)).id
    command = [sys.executable, "-c", UPLOAD_AND_DIE, str(desk.house.folder), upload, moment]
    subprocess.run(command, cwd=REPOSITORY, input=data, check=False)

    with desk.carried(), desk.house.working("EchoEngine"):
        if moment == "before it is counted":
            assert desk.batch_uploads.offset(upload).offset == 0
            desk.send(batch, "a.wav", data)
        desk.house.until(lambda: desk.ended(batch))
        desk.house.until(lambda: not any((desk.house.folder / "uploads").iterdir()))
        desk.house.until(lambda: not any((desk.house.folder / "incoming").iterdir()))

    assert desk.states(batch) == ["succeeded"]
    assert desk.house.queue.search().total == 1
    [folder] = (desk.house.folder / "transcriptions").iterdir()
    assert (folder / "source.wav").read_bytes() == data


def test_a_server_killed_during_a_batch_loses_and_doubles_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(REPOSITORY / "benchmarks")
    monkeypatch.setattr(sys, "argv", ["batch_storm", "--files", "11", "--kills", "3"])  # with 300 it is a benchmark

    code = import_module("batch_storm").main()

    told = capsys.readouterr()
    assert code == 0, told.out + told.err
    assert "'failed': 1" in told.out, told.out


def test_the_same_content_at_the_same_moment_is_read_once(desk: Desk) -> None:
    batch, data = desk.begin(), talk(0.2)
    senders = [Thread(target=desk.send, args=(batch, f"{number}.wav", data)) for number in range(6)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()

    assert sorted(desk.states(batch)) == ["duplicate"] * 5 + ["queued"]
    assert desk.house.queue.search().total == 1


def test_files_of_this_machine_go_on_being_copied_after_a_kill(desk: Desk, tmp_path: Path) -> None:
    root = tmp_path / "import"
    root.mkdir()
    for level in (2, 4):
        (root / f"{level}.wav").write_bytes(talk(level / 10))
    batch = desk.begin()
    listed = [Recording(path.name, path.stat().st_size, 0, path) for path in sorted(root.iterdir())]
    desk.batch_uploads.add_files(batch, [*listed, Recording("gone.wav", 9, 0, root / "gone.wav")])
    assert desk.states(batch) == ["uploading"] * 3  # the process ends here

    with desk.carried(root):
        desk.house.until(lambda: "uploading" not in desk.states(batch))
    assert desk.states(batch) == ["queued", "queued", "failed"]
    assert [item.error.code for item in desk.book.every_item(batch) if item.error] == ["file_unreadable"]


@pytest.mark.folder("looks for what is left of uploads")
def test_an_upload_that_nobody_goes_on_with_is_swept_and_says_so(desk: Desk) -> None:
    batch, data = desk.begin(), talk(0.2)
    fresh = desk.batch_uploads.announce(batch, "fresh.wav", 10).id
    stale = desk.batch_uploads.announce(batch, "stale.wav", len(data)).id
    for id in (fresh, stale):
        with desk.batch_uploads.slice(id, 0) as begun:
            begun.write(data[:5])
    with desk.house.database.writing() as connection:
        batch_items.change(connection, stale, updated_at=datetime.now(UTC) - timedelta(days=8))
    (desk.house.folder / "uploads" / "stray").touch()

    with desk.carried():
        desk.house.until(lambda: [path.name for path in (desk.house.folder / "uploads").iterdir()] == [fresh])

    assert desk.states(batch) == ["uploading", "failed"]
    errors = [item.error.code for item in desk.book.every_item(batch) if item.error]
    assert errors == ["upload_abandoned"]
    assert desk.batch_uploads.announce(batch, "stale.wav", len(data)).offset == 0
    assert desk.states(batch) == ["uploading", "uploading"]


def test_a_deletion_that_a_kill_interrupted_is_finished_later(desk: Desk) -> None:
    batch = desk.begin()
    desk.send(batch, "a.wav", talk(0.2))
    with desk.house.database.writing() as connection:
        batches.wish(connection, batch, DesiredState.DELETE)  # the process ends here
    assert desk.book.page(10).total == 0

    with desk.carried():
        desk.house.until(lambda: desk.house.queue.search().total == 0)


def test_the_totals_agree_with_the_rows_whatever_happened(desk: Desk) -> None:
    batch = desk.begin()
    for level in (2, 4, 6, 8):
        desk.send(batch, f"{level}.wav", talk(level / 10))
    desk.send(batch, "copy.wav", talk(0.2))
    desk.batch_uploads.announce(batch, "half.wav", 100)
    with desk.house.working("EchoEngine"):
        desk.house.until(lambda: desk.states(batch).count("succeeded") == 4)
    desk.house.queue.delete(next(desk.book.every_item(batch)).transcription_id or "")

    counts = desk.book.get(batch).counts
    items = list(desk.book.every_item(batch))
    assert counts["total"] == len(items) == 5
    for state in ("succeeded", "duplicate", "uploading"):
        assert counts[state] == sum(item.state == state for item in items)
        page = desk.book.items(batch, ItemState(state), 100, 0)
        assert (len(page.items), page.total) == (counts[state], counts[state])
    seconds = sum(item.duration or 0 for item in items if item.state is ItemState.SUCCEEDED)
    assert desk.book.get(batch).seconds_done == pytest.approx(seconds)


def test_what_is_removed_leaves_the_batch_and_an_empty_one_goes(desk: Desk) -> None:
    old, new = desk.begin("old"), desk.begin("new")
    desk.send(old, "a.wav", talk(0.2))
    desk.house.queue.delete(next(desk.book.every_item(old)).transcription_id or "")
    Trash(desk.house.queue).empty()
    assert desk.book.get(old).counts["total"] == 0
    with desk.house.database.writing() as connection:
        long_ago = datetime.now(UTC) - timedelta(days=2)
        connection.execute(update(tables.batches).where(tables.batches.c.id == old).values(created_at=long_ago))

    desk.book.clear_up()

    assert [batch.id for batch in desk.book.page(10).items] == [new]


def test_what_a_program_does_not_want_kept_is_no_original_of_a_duplicate(desk: Desk) -> None:
    queue, data = desk.house.queue, talk(0.2)
    requests = ClientRequests(queue, lambda: None, lambda: 10)
    for is_kept, level in ((False, 0.2), (True, 0.3)):
        wanted = Wanted(TranscriptionOptions(), Source.OPENAI, ClientRequest("/asr"), is_kept=is_kept)
        with queue.receive("a.wav", 10**9) as incoming:
            incoming.write(talk(level))
            requests.admit(incoming, wanted)
    batch = desk.begin()
    desk.send(batch, "a.wav", data)
    desk.send(batch, "b.wav", talk(0.3))

    assert desk.states(batch) == ["queued", "duplicate"]


def test_only_the_process_that_watches_a_folder_reads_its_files(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "calls").mkdir()
    path = tmp_path / "calls" / "a.wav"
    path.write_bytes(talk(0.2))
    batch = desk.begin(folder=str(tmp_path / "calls"))
    desk.batch_uploads.add_files(batch, [Recording("a.wav", path.stat().st_size, 0, path)])
    other = desk.begin()
    with desk.carried(tmp_path) as importer:
        desk.batch_uploads.add_files(other, [Recording("a.wav", path.stat().st_size, 0, path)])
        desk.house.until(lambda: desk.states(other) == ["queued"])
        assert desk.states(batch) == ["uploading"]
        importer.watched = str(tmp_path / "calls")
        desk.house.until(lambda: desk.states(batch) == ["duplicate"])


def total(state: str, size_bytes: int, seconds: float = 0, done: float = 0, known: int = 0) -> dict[str, object]:
    return {
        "state": state,
        "count": 1,
        "size_bytes": size_bytes,
        "known_bytes": known,
        "seconds": seconds,
        "seconds_done": done,
    }


def test_what_remains_is_estimated_by_the_bytes_of_what_was_read() -> None:
    told = tally(
        [
            total("succeeded", 100, seconds=50, done=50, known=100),
            total("running", 100, seconds=50, done=25, known=100),
            total("queued", 200),
        ]
    )

    assert told.progress == pytest.approx(150 / 400)
    assert told.remaining_seconds == pytest.approx(25 + 100)
    assert (told.seconds_total, told.seconds_done) == (100, 75)


def test_nothing_is_promised_before_anything_is_known() -> None:
    assert tally([total("queued", 200)]).remaining_seconds is None
    assert tally([]).progress == 0.0


def test_a_pace_is_told_after_some_seconds_and_forgets_what_was_long_ago() -> None:
    now = [0.0]
    paces = ThroughputMeter(lambda: now[0])
    assert paces.update("a", 0.0) is None
    now[0] = 4.0
    assert paces.update("a", 8.0) == 2.0
    for second in range(5, 400):
        now[0] = float(second)
        paces.update("a", 8.0 + (second - 4))
    assert paces.update("a", 8.0 + 395) == pytest.approx(1.0, abs=0.01)
    paces.forget("a")
    assert paces.update("a", 500.0) is None


def test_names_are_in_the_order_in_which_people_count() -> None:
    names = ["call 10.wav", "call 2.wav", "Call 1.wav", "会议.wav", "2/a.wav", "10/a.wav"]

    assert sorted(names, key=natural) == [
        "2/a.wav",
        "10/a.wav",
        "Call 1.wav",
        "call 2.wav",
        "call 10.wav",
        "会议.wav",
    ]
