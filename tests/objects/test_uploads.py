"""Uploads in chunks go on at any server that shares the store; what was acknowledged stays, what was not does not count."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.domain.errors.object_store import StoreUnreachable
from app.domain.errors.uploads import UploadOffsetConflict
from app.domain.options import TranscriptionOptions
from app.services.batches.batches import Batches
from app.services.batches.uploads import BatchUploads
from app.services.transcriptions.job_queue import Queue
from app.store.objects.bucket import PIECE_BYTES, Bucket
from app.store.objects.recordings import StoredFiles
from app.store.objects.uploads import StoredUploads
from tests.s3_server import Line


@dataclass
class Desk:
    """One server, as far as batches see it."""

    book: Batches
    uploads: BatchUploads

    def send(self, id: str, offset: int, *pieces: bytes) -> int:
        """Send what follows `offset`; return how much the server then has."""
        with self.uploads.slice(id, offset) as begun:
            for piece in pieces:
                begun.write(piece)
        return self.uploads.offset(id).offset


@pytest.fixture(name="desk")
def _desk(queue: Queue, tmp_path: Path, bucket: Bucket) -> Desk:
    return desk_at(queue, tmp_path, bucket)


@pytest.fixture(name="other")
def _other(queue: Queue, tmp_path: Path, bucket: Bucket) -> Desk:
    folder = tmp_path / "other"
    return desk_at(Queue(queue.database, StoredFiles(folder, bucket, 1 << 30)), folder, bucket)


def desk_at(queue: Queue, folder: Path, bucket: Bucket) -> Desk:
    uploads = StoredUploads(folder, bucket)
    return Desk(Batches(queue, uploads), BatchUploads(queue, uploads, lambda: 1 << 30))


def announced(desk: Desk, content: bytes) -> str:
    batch = desk.book.create("Calls", TranscriptionOptions(), None).id
    return desk.uploads.announce(batch, "call.wav", len(content)).id


def objects(bucket: Bucket, folder: str) -> list[str]:
    return [each.key for each in bucket.below(folder)]


def recording_of(queue: Queue) -> bytes:
    [job] = queue.search().items
    return queue.source_path(job.id).read_bytes()


def test_an_upload_goes_on_at_another_server(desk: Desk, other: Desk, queue: Queue, bucket: Bucket) -> None:
    content = os.urandom(2 * PIECE_BYTES + 1000)
    id = announced(desk, content)

    assert desk.send(id, 0, content[: PIECE_BYTES + 5]) == PIECE_BYTES + 5
    assert other.uploads.offset(id).offset == PIECE_BYTES + 5
    assert other.send(id, PIECE_BYTES + 5, content[PIECE_BYTES + 5 :]) == len(content)
    other.uploads.take_in(id)

    assert recording_of(queue) == content
    assert objects(bucket, "uploads") == []


def test_of_two_servers_the_one_whose_connection_is_newer_goes_on(
    desk: Desk, other: Desk, queue: Queue, bucket: Bucket
) -> None:
    """A broken line looks alive to the first server, which stores its bytes only after the second has gone on."""
    content = os.urandom(3000)
    id = announced(desk, content)
    with pytest.raises(UploadOffsetConflict) as told, desk.uploads.slice(id, 0) as late:  # noqa: PT012 - one story
        late.write(b"?" * 2000)
        assert other.send(id, 0, content[:1000]) == 1000

    assert told.value.params == {"offset": 1000}
    assert other.send(id, 1000, content[1000:]) == 3000
    other.uploads.take_in(id)
    assert recording_of(queue) == content


def test_what_was_stored_but_not_counted_is_written_over(desk: Desk, queue: Queue, bucket: Bucket) -> None:
    content = os.urandom(2 * PIECE_BYTES)
    id = announced(desk, content)
    bucket.put(f"uploads/{id}/{0:016d}-{1:08d}", b"?" * 50)  # of a server that was killed before it counted them

    assert desk.uploads.offset(id).offset == 0
    desk.send(id, 0, content[:50], content[50:PIECE_BYTES], content[PIECE_BYTES:])
    desk.uploads.take_in(id)

    assert recording_of(queue) == content


def test_without_the_store_a_chunk_is_refused_and_the_upload_goes_on_afterwards(
    desk: Desk, queue: Queue, line: Line
) -> None:
    content = os.urandom(5000)
    id = announced(desk, content)
    desk.send(id, 0, content[:2000])
    line.cut()

    with pytest.raises(StoreUnreachable):
        desk.send(id, 2000, content[2000:])

    line.mend()
    assert desk.uploads.offset(id).offset == 2000
    desk.send(id, 2000, content[2000:])
    desk.uploads.take_in(id)
    assert recording_of(queue) == content


def test_what_nobody_wants_any_more_is_removed(desk: Desk, bucket: Bucket) -> None:
    kept, given_up = announced(desk, bytes(10)), announced(desk, bytes(10))
    for id in (kept, given_up):
        desk.send(id, 0, bytes(5))
    bucket.put(f"uploads/nobody/{0:016d}-{1:08d}", b"x")

    desk.uploads.give_up(given_up)
    desk.uploads.uploads.sweep(kept.__eq__)

    assert {key.split("/")[1] for key in objects(bucket, "uploads")} == {kept}
