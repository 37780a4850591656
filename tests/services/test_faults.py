"""Live sessions, batches and analyses while each write, rename, fsync and open fails once.

What was acknowledged stays, what was refused leaves nothing behind, and the next attempt succeeds.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import pytest

from app.domain.errors.base import AppError
from app.domain.options import TranscriptionOptions, VadOptions
from app.engine.preparation.pool import PreparationPool
from app.services.batches.batches import Batches
from app.services.batches.uploads import BatchUploads
from app.services.live.session_store import LiveSessionStore, SessionKey
from app.services.transcriptions.job_queue import Queue
from app.services.vad.analyses import VadAnalyses
from app.store.files.live_wav import HEADER_BYTES
from app.store.files.recordings import Files
from app.store.files.upload_chunks import UploadFiles
from app.store.files.vad_folders import VadFolders
from tests.databases import database_in
from tests.faults import MOST_CALLS, NUMBERS, FailsOnce
from tests.services.conftest import LIMITS, talk
from tests.waiting import wait_until

SOUND = b"ab" * 3000


@contextmanager
def opened(folder: Path, empty: Path) -> Iterator[Queue]:
    folder.mkdir()
    (folder / "app.db").write_bytes(empty.read_bytes())
    with closing(database_in(folder)) as database:
        database.migrate()
        yield Queue(database, Files(folder))


def descriptors(folder: Path) -> list[str]:
    """Return what this process holds open below `folder`, but for the database."""
    held = []
    for link in Path("/proc/self/fd").iterdir():
        try:
            path = str(link.readlink())
        except OSError:
            continue
        if path.startswith(str(folder)) and "app.db" not in path and "in-use" not in path:
            held.append(path)
    return held


def live_session(store: LiveSessionStore) -> tuple[str | None, int]:
    """Record a little; return the transcription, if the session began, and how many samples were acknowledged."""
    acknowledged = 0
    try:
        place = store.begin(SessionKey(), "Talk", TranscriptionOptions(), "live")
    except AppError:
        return None, 0
    try:
        for _ in range(2):
            place.wav.append(SOUND)
            acknowledged += len(SOUND) // 2
        place.wav.close_up()
        store.draw(place)
    except AppError:
        pass
    finally:
        place.wav.close()
        place.release()
    return place.transcription, acknowledged


@pytest.mark.sqlite("lets calls for the file fail")
@pytest.mark.parametrize("number", NUMBERS)
def test_a_live_session_keeps_what_it_acknowledged(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, empty: Path, number: int
) -> None:
    for place in range(MOST_CALLS):
        folder = tmp_path / f"data-{place}"
        with opened(folder, empty) as queue:
            store = LiveSessionStore(queue)
            with monkeypatch.context() as patched:
                faults = FailsOnce(patched, folder, place, number)
                begun, acknowledged = live_session(store)
            assert descriptors(folder) == [], place
            assert [path.name for path in (folder / "transcriptions").iterdir()] == ([begun] if begun else []), place
            assert list((folder / "incoming").iterdir()) == []
            assert [job.id for job in queue.search().items] == ([begun] if begun else [])
            if begun:
                [file] = (folder / "transcriptions" / begun).glob("source*")
                kept = file.read_bytes()[HEADER_BYTES:]
                assert kept[: 2 * acknowledged] == (SOUND * 2)[: 2 * acknowledged]
            assert live_session(store)[1] == len(SOUND)  # the next one succeeds
        if not faults.has_failed:
            return
    raise AssertionError("there were more calls than expected")


def send(uploads: BatchUploads, id: str) -> None:
    """Send a file in three pieces from where it is, as a page does after each refusal, once."""
    begin = uploads.offset(id).offset
    while begin < len(SOUND):
        with uploads.slice(id, begin) as begun:
            begun.write(SOUND[begin : begin + 2000])
        begin += 2000
    uploads.take_in(id)


@pytest.mark.sqlite("lets calls for the file fail")
@pytest.mark.parametrize("number", NUMBERS)
def test_a_file_of_a_batch_arrives_whole_at_the_second_attempt(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, empty: Path, number: int
) -> None:
    for place in range(MOST_CALLS):
        folder = tmp_path / f"data-{place}"
        with opened(folder, empty) as queue:
            files = UploadFiles(folder)
            uploads, book = BatchUploads(queue, files, lambda: 10**9), Batches(queue, files)
            id = uploads.announce(book.create("Calls", TranscriptionOptions()).id, "a.wav", len(SOUND)).id
            with monkeypatch.context() as patched:
                faults = FailsOnce(patched, folder, place, number)
                try:
                    send(uploads, id)
                except AppError:
                    assert files.length(id) >= uploads.offset(id).offset or not files.path(id).exists()
            send(uploads, id)
            assert descriptors(folder) == [], place
            [job] = queue.search().items
            assert queue.source_path(job.id).read_bytes() == SOUND, place
            assert list((folder / "incoming").iterdir()) == []
        if not faults.has_failed:
            return
    raise AssertionError("there were more calls than expected")


def analysis(vad: VadAnalyses) -> str | None:
    """Analyse a recording; return its id if it became ready."""
    try:
        with vad.receive("talk.wav", 10**9) as incoming:
            incoming.write(talk(0.2))
            id = vad.submit(incoming).id
        wait_until(lambda: vad.get(id).state == "ready")  # or fails with its error
        vad.analyses.add_text(id, {"start": 0, "end": 1, "text": "x"})
    except (AppError, OSError):
        return None
    return id


def are_seen(vad: VadAnalyses) -> bool:
    """Return whether every folder belongs to an analysis that can be seen."""
    try:
        return all(vad.get(id).state == "ready" for id in vad.analyses.ids())
    except AppError:  # it has just been removed, or nobody can ever see it
        return False


@pytest.mark.slow
@pytest.mark.parametrize("number", NUMBERS)
def test_an_analysis_is_whole_or_gone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, empty: Path, pool: PreparationPool, number: int
) -> None:
    for place in range(MOST_CALLS):
        folder = tmp_path / f"data-{place}"
        with opened(folder, empty) as queue:
            vad = VadAnalyses(VadFolders(folder), queue, LIMITS, VadOptions(), pool)
            with vad.running():
                with monkeypatch.context() as patched:
                    faults = FailsOnce(patched, folder, place, number)
                    analysis(vad)
                wait_until(partial(are_seen, vad))
                assert all(vad.report(id, VadOptions()).spans for id in vad.analyses.ids()), place
                assert list((folder / "incoming").iterdir()) == []
                assert analysis(vad), place
            assert descriptors(folder) == [], place
        if not faults.has_failed:
            return
    raise AssertionError("there were more calls than expected")
