"""Objects that are too large for the store to copy in one request are copied whole, or not at all."""

from __future__ import annotations

import os
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from app.domain.errors.object_store import StoreFull, StoreRefused, StoreUnreachable, StoreUnusable
from app.domain.options import TranscriptionOptions
from app.services.transcriptions.job_queue import Queue
from app.services.transcriptions.retranscribe import retranscribe
from app.store.objects import bucket as bucket_module
from app.store.objects.bucket import PIECE_BYTES, Bucket
from app.store.objects.recordings import StoredFiles
from tests.objects.test_recordings import submit
from tests.s3_server import BUCKET, Line, S3Server

SHOWN_AS = {"Content-Disposition": "attachment; filename*=UTF-8''a%20b.wav"}
CONTENT = os.urandom(4 * PIECE_BYTES + 17)


@pytest.fixture(autouse=True)
def _small_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bucket_module, "COPIED_AT_ONCE", PIECE_BYTES)


@pytest.fixture(name="large")
def _large(bucket: Bucket, tmp_path: Path) -> str:
    """The key of a large object."""
    file = tmp_path / "large"
    file.write_bytes(CONTENT)
    bucket.put_file("large", file, SHOWN_AS)
    return "large"


def test_a_large_object_is_copied_with_what_browsers_are_told(bucket: Bucket, large: str, line: Line) -> None:
    requests: list[bytes] = []
    line.answer = lambda head: requests.append(head[:200])  # type: ignore[func-returns-value]

    bucket.copy(large, "copy")

    assert bucket.read("copy") == CONTENT
    with urllib.request.urlopen(bucket.signed_url("copy", 60)) as answer:  # noqa: S310 - our own
        assert answer.headers["Content-Disposition"] == SHOWN_AS["Content-Disposition"]
    assert sum(b"partNumber=" in head for head in requests) == 5


def test_a_small_object_is_copied_by_the_store(bucket: Bucket, line: Line) -> None:
    bucket.put("small", CONTENT[:PIECE_BYTES])
    before = line.passed_bytes

    bucket.copy("small", "copy")

    assert line.passed_bytes - before < PIECE_BYTES / 10
    assert bucket.read("copy") == CONTENT[:PIECE_BYTES]


def test_a_large_recording_is_read_again(queue: Queue, files: StoredFiles) -> None:
    id = submit(queue, CONTENT)

    again = retranscribe(queue, id, TranscriptionOptions(language="en"), "web")

    assert files.source(again.id, ".mp3").read_bytes() == CONTENT


def test_what_is_not_there_is_not_copied(bucket: Bucket) -> None:
    with pytest.raises(FileNotFoundError):
        bucket.copy("gone", "copy")


def is_begin(head: bytes) -> bool:
    return head.startswith(b"POST") and b"?uploads" in head[:300]


def is_part(head: bytes) -> bool:
    return head.startswith(b"PUT") and b"partNumber=3" in head[:300]


def is_end(head: bytes) -> bool:
    return head.startswith(b"POST") and b"uploadId=" in head[:300]


@pytest.mark.parametrize(
    ("is_refused", "status", "error"),
    [
        (is_begin, b"507 Insufficient Storage", StoreFull),
        (is_part, b"500 Internal Server Error", StoreUnreachable),
        (is_end, b"507 Insufficient Storage", StoreFull),
        (is_end, b"403 Forbidden", StoreRefused),
    ],
)
def test_a_copy_that_the_store_does_not_take_leaves_nothing(
    bucket: Bucket,
    large: str,
    line: Line,
    s3: S3Server,
    is_refused: Callable[[bytes], bool],
    status: bytes,
    error: type[StoreUnusable],
) -> None:
    answer = b"HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: 0\r\n\r\n" % status
    line.answer = lambda head: answer if is_refused(head) else None

    with pytest.raises(error):
        bucket.copy(large, "copy")

    assert bucket.facts("copy") is None
    assert unfinished(s3) == 0


def test_a_copy_whose_source_is_removed_meanwhile_leaves_nothing(
    bucket: Bucket, large: str, s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_part = Bucket.read_part

    def remove_first(self: Bucket, key: str, first: int, end: int) -> bytes:
        if first:
            self.remove([key])
        return read_part(self, key, first, end)

    monkeypatch.setattr(Bucket, "read_part", remove_first)
    with pytest.raises(FileNotFoundError):
        bucket.copy(large, "copy")

    assert bucket.facts("copy") is None
    assert unfinished(s3) == 0


def unfinished(s3: S3Server) -> int:
    """Return how many uploads of parts the store keeps hidden."""
    with urllib.request.urlopen(f"{s3.address}/{BUCKET}?uploads") as answer:  # noqa: S310 - our own
        return int(answer.read().count(b"<Upload>"))
