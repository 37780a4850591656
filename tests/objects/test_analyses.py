"""A recording that was sent to be analysed is analysed at every server that shares the store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.domain.errors.transcriptions import AnalysisNotFound
from app.domain.options import VadOptions
from app.engine.preparation.pool import PreparationPool
from app.services.transcriptions.job_queue import Queue
from app.services.vad.shared import SharedVadAnalyses
from app.store.objects import vad_folders
from app.store.objects.bucket import Bucket
from app.store.objects.recordings import StoredFiles
from app.store.objects.vad_folders import StoredVadFolders
from tests.objects.test_recordings import submit
from tests.services.conftest import LIMITS, talk
from tests.waiting import wait_until


@contextmanager
def analyses(queue: Queue, folder: Path, bucket: Bucket, pool: PreparationPool) -> Iterator[SharedVadAnalyses]:
    files = StoredFiles(folder, bucket, 1 << 30)
    vad = SharedVadAnalyses(StoredVadFolders(folder, bucket), Queue(queue.database, files), LIMITS, VadOptions(), pool)
    with vad.running():
        yield vad


@pytest.fixture(name="first")
def _first(queue: Queue, tmp_path: Path, bucket: Bucket, pool: PreparationPool) -> Iterator[SharedVadAnalyses]:
    with analyses(queue, tmp_path / "first", bucket, pool) as vad:
        yield vad


@pytest.fixture(name="second")
def _second(queue: Queue, tmp_path: Path, bucket: Bucket, pool: PreparationPool) -> Iterator[SharedVadAnalyses]:
    with analyses(queue, tmp_path / "second", bucket, pool) as vad:
        yield vad


def sent_to(vad: SharedVadAnalyses) -> str:
    with vad.receive("talk.wav", 10**9) as incoming:
        incoming.write(talk(0.3))
        return vad.submit(incoming).id


def test_an_analysis_is_seen_at_another_server(first: SharedVadAnalyses, second: SharedVadAnalyses) -> None:
    id = sent_to(first)
    wait_until(lambda: first.get(id).state == "ready")

    report = second.report(id, VadOptions())

    assert second.get(id).name == "talk.wav"
    assert [(span.start, span.end) for span in report.spans] == [
        (span.start, span.end) for span in first.report(id, VadOptions()).spans
    ]


def test_the_recording_of_a_transcription_is_analysed_wherever_it_is_asked_for(
    first: SharedVadAnalyses, second: SharedVadAnalyses, queue: Queue
) -> None:
    id = first.of_transcription(submit(queue, talk(0.3), "talk.wav")).id

    assert second.report(id, VadOptions()).spans


def test_what_was_removed_is_gone_everywhere(
    first: SharedVadAnalyses, second: SharedVadAnalyses, bucket: Bucket
) -> None:
    id = sent_to(first)
    wait_until(lambda: first.get(id).state == "ready")

    first.remove(id)

    assert list(bucket.below("vad")) == []
    with pytest.raises(AnalysisNotFound):
        second.get(id)


def test_recordings_of_analyses_are_kept_for_a_day(
    first: SharedVadAnalyses, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent_to(first)
    first.analyses.sweep()
    assert len(list(bucket.below("vad"))) == 2

    monkeypatch.setattr(vad_folders, "KEEP_SECONDS", -60)  # as if a day had gone by
    first.analyses.sweep()

    assert list(bucket.below("vad")) == []
