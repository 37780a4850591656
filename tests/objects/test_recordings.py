"""What is acknowledged lies in the object store, whatever happens to the disk of the server that received it."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
import traceback
from datetime import timedelta
from pathlib import Path

import pytest

from app.domain.errors.object_store import BucketMissing, StoreFull, StoreRefused, StoreUnreachable, StoreUnusable
from app.domain.errors.transcriptions import AudioGone
from app.domain.options import TranscriptionOptions
from app.services.transcriptions.job_queue import Queue
from app.services.transcriptions.job_store import JobStore
from app.services.transcriptions.orphans import Recovered, recover
from app.services.transcriptions.retranscribe import retranscribe
from app.store.database import Connection
from app.store.objects import bucket as bucket_module
from app.store.objects import recordings
from app.store.objects.bucket import PIECE_BYTES, Bucket
from app.store.objects.recordings import StoredFiles
from app.store.queries import transcriptions
from tests.s3_server import Line


def submit(queue: Queue, content: bytes = b"the bytes", name: str = "会议 (1).MP3") -> str:
    with queue.receive(name, 1 << 30) as file:
        file.write(content)
        return queue.submit(file, TranscriptionOptions(), "web").id


def keys(bucket: Bucket) -> list[str]:
    return [each.key for each in bucket.below("")]


def another_server(folder: Path, files: StoredFiles) -> StoredFiles:
    return StoredFiles(folder, Bucket(files.bucket.url), 1 << 30)


@pytest.mark.smoke
def test_another_server_has_what_was_acknowledged(queue: Queue, files: StoredFiles, tmp_path: Path) -> None:
    content = os.urandom(3 * PIECE_BYTES + 17)

    id = submit(queue, content)

    other = another_server(tmp_path / "other", files)
    assert other.source(id, ".mp3").read_bytes() == content
    assert queue.get(id).sha256 == hashlib.sha256(content).hexdigest()
    assert keys(files.bucket) == [f"transcriptions/{id}/recording.json", f"transcriptions/{id}/source.mp3"]


def test_a_part_is_read_without_the_whole(queue: Queue, files: StoredFiles, line: Line, tmp_path: Path) -> None:
    content = os.urandom(2 * PIECE_BYTES)
    id = submit(queue, content)
    other = another_server(tmp_path / "other", files)

    stored = other.stored(id, ".mp3")
    assert stored
    part = b"".join(stored.parts(PIECE_BYTES - 3, PIECE_BYTES + 5))

    assert (stored.size, stored.head) == (len(content), content[:64])
    assert part == content[PIECE_BYTES - 3 : PIECE_BYTES + 5]
    assert not other.folder(id).exists()


def test_removing_takes_everything(queue: Queue, files: StoredFiles, tmp_path: Path) -> None:
    id = submit(queue)
    files.peaks(id).write_text("[]")
    files.keep_drawn(id)
    queue.delete(id)

    queue.purge(id)

    assert keys(files.bucket) == []
    assert not files.folder(id).exists()
    with pytest.raises(AudioGone):
        another_server(tmp_path / "other", files).source(id, ".mp3")


def test_an_upload_that_the_store_does_not_take_leaves_nothing(queue: Queue, files: StoredFiles, line: Line) -> None:
    line.cut()

    with pytest.raises(StoreUnreachable, match="does not answer"):
        submit(queue)

    line.mend()
    assert queue.search().total == 0
    assert list((files.folder("x").parent).iterdir()) == []
    assert keys(files.bucket) == []
    submit(queue)


def test_a_store_that_is_silent_is_not_waited_for_long(
    queue: Queue, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket_module, "REQUEST_TIMEOUT", timedelta(seconds=1))
    monkeypatch.setattr(bucket_module, "RETRY_TIMEOUT", timedelta(seconds=1))
    line.is_silent = True
    began = time.monotonic()

    with pytest.raises(StoreUnreachable, match="it took too long"):
        submit(queue)

    assert time.monotonic() - began < 10
    line.is_silent = False
    submit(queue)


def test_an_upload_of_many_parts_that_breaks_off_is_never_seen(queue: Queue, files: StoredFiles, line: Line) -> None:
    line.cut_after = line.passed_bytes + 2 * PIECE_BYTES

    with pytest.raises(StoreUnreachable):
        submit(queue, os.urandom(4 * PIECE_BYTES))

    line.mend()
    assert [key for key in keys(files.bucket) if "source" in key] == []
    content = os.urandom(4 * PIECE_BYTES)
    assert files.source(submit(queue, content), ".mp3").read_bytes() == content


def test_a_row_that_cannot_be_stored_leaves_nothing(queue: Queue, files: StoredFiles) -> None:
    def refuse(_connection: Connection, _id: str) -> None:
        raise ConnectionError

    with pytest.raises(ConnectionError), queue.receive("a.wav", 100) as file:  # noqa: PT012 - one story
        file.write(b"x")
        queue.submit(file, TranscriptionOptions(), "web", refuse)

    assert keys(files.bucket) == []


def test_what_a_killed_server_left_before_its_row_is_removed_once_no_server_can_be_at_it(
    queue: Queue, files: StoredFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = submit(queue)
    with queue.receive("lost.wav", 100) as file:
        file.write(b"x")
        files.move_into_place(file, "lost", {})  # here its server dies
    sweeper = JobStore(queue, "w")

    sweeper.sweep()
    assert "transcriptions/lost/source.wav" in keys(files.bucket)  # it could still be alive

    monkeypatch.setattr(recordings, "UNSETTLED", timedelta(0))
    time.sleep(1.1)  # the store counts in seconds
    sweeper.sweep()

    assert {key.split("/")[1] for key in keys(files.bucket)} == {kept}
    assert not files.folder("lost").exists()


def test_an_upload_whose_server_died_after_its_row_is_kept(
    queue: Queue, files: StoredFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = submit(queue)
    files.bucket.put(f"arriving/{id}", b"")  # as if the server had died before it took this away
    monkeypatch.setattr(recordings, "UNSETTLED", timedelta(0))
    time.sleep(1.1)

    JobStore(queue, "w").sweep()

    assert keys(files.bucket) == [f"transcriptions/{id}/recording.json", f"transcriptions/{id}/source.mp3"]


def test_an_upload_that_took_too_long_is_refused_before_a_sweep_could_take_it(
    queue: Queue, files: StoredFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recordings, "UNSETTLED", timedelta(0))

    with pytest.raises(StoreUnreachable, match="it took too long"):
        submit(queue)

    assert queue.search().total == 0


def test_recordings_without_rows_are_found_and_brought_back(queue: Queue, files: StoredFiles, tmp_path: Path) -> None:
    id, kept = submit(queue, b"of the lost row", "lost.wav"), submit(queue)
    with queue.database.writing() as connection:
        transcriptions.remove(connection, id)
    shutil.rmtree(files.folder(id))
    JobStore(queue, "w").sweep()

    files.find_orphans(queue.is_known)
    found = [recover(queue, each) for each in files.orphans()]

    assert found == [(Recovered.QUEUED, "lost.wav")]
    assert queue.source_path(id).read_bytes() == b"of the lost row"
    assert files.orphans() == []
    assert queue.is_known(kept)


def test_a_recording_is_read_again_by_a_copy_within_the_store(queue: Queue, files: StoredFiles, line: Line) -> None:
    id = submit(queue, os.urandom(PIECE_BYTES))
    before = line.passed_bytes

    again = retranscribe(queue, id, TranscriptionOptions(language="en"), "web")

    assert line.passed_bytes - before < PIECE_BYTES / 10
    assert files.source(again.id, ".mp3").read_bytes() == files.source(id, ".mp3").read_bytes()
    assert f"arriving/{again.id}" not in keys(files.bucket)


def test_what_was_drawn_and_logged_is_seen_at_another_server(queue: Queue, files: StoredFiles, tmp_path: Path) -> None:
    id = submit(queue)
    files.peaks(id).write_text("[[1, 2]]")
    files.keep_drawn(id)
    (files.folder(id) / "job.log").write_text("2026-11-22T18:57:02.000Z INFO two\n    its cause\n")
    files.keep_log(id)
    other = another_server(tmp_path / "other", files)
    other.folder(id).mkdir()
    (other.folder(id) / "job.log").write_text("2026-11-22T18:57:01.000Z INFO one\n")

    assert other.read_peaks(id) == "[[1, 2]]"
    assert [line.split()[-1] for line in other.read_log(id).splitlines()] == ["one", "two", "cause"]


def test_copies_are_limited_and_those_in_use_stay(tmp_path: Path, bucket: Bucket) -> None:
    files = StoredFiles(tmp_path, bucket, 2_500)
    for number, id in enumerate(("old", "at-work", "newer", "newest")):
        with files.receive("a.wav", 10_000) as file:
            file.write(bytes(1000))
            files.move_into_place(file, id, {})
        files.acknowledge(id)
        os.utime(files.folder(id), (number, number))

    with files.at_work("at-work"):
        files._copies.tidy()

    assert sorted(path.name for path in files.folder("old").parent.iterdir()) == ["at-work", "newest"]
    assert files.source("old", ".wav").stat().st_size == 1000


def test_a_full_disk_is_told_from_a_full_store(queue: Queue, line: Line) -> None:
    body = b"<Error><Code>XMinioStorageFull</Code><Message>Storage backend has reached its limit</Message></Error>"
    full = b"HTTP/1.1 507 Insufficient Storage\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    line.answer = lambda head: full if head.startswith(b"PUT") else None

    with pytest.raises(StoreFull, match="is full") as told:
        submit(queue)

    assert "quota" in told.value.problem.advice
    line.answer = lambda _: None
    submit(queue)


def test_keys_that_the_store_refuses_are_not_repeated(queue: Queue, line: Line) -> None:
    body = (
        b"<Error><Code>InvalidAccessKeyId</Code><Message>The key does not exist</Message>"
        b"<AWSAccessKeyId>AKIATESTTESTTEST</AWSAccessKeyId></Error>"
    )
    refused = b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    line.answer = lambda _: refused

    with pytest.raises(StoreRefused, match="InvalidAccessKeyId") as told:
        submit(queue)

    assert "AKIATEST" not in "".join(traceback.format_exception(told.value))


def test_a_missing_bucket_is_said_plainly(tmp_path: Path, line: Line) -> None:
    files = StoredFiles(tmp_path, Bucket("s3://nobody-made-it/x"), 1 << 30)

    for ask in (lambda: files.source("abc", ".wav"), lambda: files.stored("abc", ".wav"), files.orphans):
        with pytest.raises(BucketMissing, match="nobody-made-it"):
            ask()


def test_without_keys_the_advice_names_the_variables(
    tmp_path: Path, line: Line, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    files = StoredFiles(tmp_path, Bucket(url), 1 << 30)

    with pytest.raises(StoreUnusable) as told:
        files.stored("abc", ".wav")

    assert "AWS_ACCESS_KEY_ID" in told.value.problem.advice
