"""An archive of a bucket: recordings and texts in an object store."""

from __future__ import annotations

import json
from pathlib import Path
from threading import Timer

import pytest

from app.domain.errors.batches import ArchiveInUse
from app.domain.errors.object_store import BucketMissing
from app.store.objects.bucket import Bucket
from app.store.places import bucket_place, place_at
from tests.s3_server import Line
from tests.services.test_archive import Run, order_of, sound


@pytest.fixture(name="recordings")
def _recordings(bucket: Bucket) -> str:
    for name in ("2024/call 2.wav", "2024/call 10.wav", "2025/通话.wav"):
        bucket.put(f"calls/{name}", sound(0.5))
    bucket.put("calls/notes.txt", b"no recording")
    return f"{bucket.url}/calls"


def test_a_bucket_is_read_into_another_place_of_it(recordings: str, bucket: Bucket, tmp_path: Path) -> None:
    order = order_of(recordings, f"{bucket.url}/texts", notes=tmp_path)

    run = Run(order)

    assert run.names == ["2024/call 2.wav", "2024/call 10.wav", "2025/通话.wav"]
    lines = [json.loads(line) for line in bucket.read("texts/manifest.jsonl").splitlines()]
    written = [output for line in lines for output in line["outputs"]]
    assert len(written) == 6
    assert all(len(bucket.read(f"texts/{output['name']}")) == output["size_bytes"] for output in written)
    bucket.put("calls/new.wav", sound(0.5))
    assert Run(order).names == ["new.wav"]


def test_a_store_that_is_away_for_a_while_only_delays_a_run(
    recordings: str, bucket: Bucket, line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket_place, "PAUSE_SECONDS", 0.2)
    line.cut()
    back = Timer(2.0, line.mend)
    back.start()

    run = Run(order_of(recordings, f"{bucket.url}/texts", notes=tmp_path))

    assert run.totals.read == 3
    back.join()


def test_two_runs_do_not_write_to_one_bucket_unless_the_other_is_dead(
    recordings: str, bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = order_of(recordings, f"{bucket.url}/texts", notes=tmp_path)
    bucket.put("texts/.in-use.lock", b"of a run that was killed")

    with pytest.raises(ArchiveInUse):
        Run(order)

    monkeypatch.setattr(bucket_place, "ABANDONED_SECONDS", 0.0)
    assert Run(order).totals.read == 3


@pytest.mark.usefixtures("line")
def test_a_bucket_that_is_missing_is_told() -> None:
    with pytest.raises(BucketMissing):
        list(place_at("s3://no-such-bucket/calls").files())
