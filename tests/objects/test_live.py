"""Live sessions on an object store: acknowledged sound survives its server, and one server at a time writes it."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.domain.errors.transcriptions import AudioGone
from app.domain.options import TranscriptionOptions
from app.services.live import Ended, EndedSession, Live, LiveLimits, Session
from app.services.transcriptions.job_queue import Queue
from app.store.objects import live_wav
from app.store.objects.bucket import Bucket
from app.store.objects.recordings import StoredFiles
from tests.engine.sounds import babble
from tests.s3_server import Line
from tests.services.test_live import Client
from tests.waiting import wait_until

LIMITS = LiveLimits(sessions=8, keep_minutes=10.0, most_seconds=600.0)


@contextmanager
def living(queue: Queue) -> Iterator[Live]:
    live = Live(queue, None, LIMITS, lambda: None)
    with live.running():
        yield live


@pytest.fixture(name="other")
def _other(queue: Queue, tmp_path: Path, bucket: Bucket) -> Queue:
    """Another server with the same database and store, and a disk of its own."""
    return Queue(queue.database, StoredFiles(tmp_path / "other", bucket, 1 << 30))


def all_acknowledged(client: Client) -> None:
    wait_until(lambda: client.acknowledged == client.number)


def end(session: Session, client: Client) -> None:
    session.stop(client.number)
    wait_until(lambda: bool(client.all(Ended)))


def recorded(queue: Queue, id: str) -> bytes:
    with wave.open(str(queue.source_path(id))) as recording:
        return recording.readframes(recording.getnframes())


def pieces(bucket: Bucket) -> list[str]:
    return [each.key for each in bucket.below("live")]


def test_what_is_acknowledged_is_in_the_store(queue: Queue, other: Queue, bucket: Bucket) -> None:
    client = Client()
    with living(queue) as live:
        session = live.begin("Talk", TranscriptionOptions(), client.listen)
        client.speak(session, babble(2.0, level=0.3))
        all_acknowledged(client)
        stored = b"".join(bucket.read(key) for key in pieces(bucket))
        end(session, client)

    assert stored == client.sent
    id = client.started.transcription
    assert recorded(other, id) == client.sent
    assert other.files.read_peaks(id)
    assert pieces(bucket) == []
    assert not [each.key for each in bucket.below("arriving")]


def test_a_session_goes_on_at_another_server_and_the_first_one_writes_nothing_any_more(
    queue: Queue, other: Queue, bucket: Bucket
) -> None:
    """A balancer has moved the client while its first server still lives and still has sound to store."""
    first, second = Client(), Client()
    with living(queue) as former, living(other) as live:
        session = former.begin("Talk", TranscriptionOptions(), first.listen)
        first.speak(session, babble(1.0, level=0.3))
        all_acknowledged(first)
        again = live.resume(first.started.session, first.started.token, second.listen)
        assert isinstance(again, Session)
        second.number, second.sent = first.number, first.sent
        session.accept(first.number, bytes(3200))  # which comes late to the former server
        second.speak(again, babble(1.0, level=0.4))
        all_acknowledged(second)
        wait_until(lambda: bool(first.codes))
        end(again, second)

    assert first.codes == ["live_taken_over"]
    assert recorded(queue, first.started.transcription) == second.sent
    assert pieces(bucket) == []


def test_a_session_whose_server_died_is_made_anew_from_the_store(
    queue: Queue, other: Queue, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_wav, "MERGED_SECONDS", 1)
    first, second = Client(), Client()
    dead = Live(queue, None, LIMITS, lambda: None)  # whose threads never run: it stores when it is told to
    session = dead.begin("Talk", TranscriptionOptions(), first.listen)
    for _ in range(12):
        first.speak(session, babble(0.3, level=0.3))
        dead._recorder.write_all()
    acknowledged = first.acknowledged
    first.speak(session, babble(0.5, level=0.9))  # it dies before it stores this
    assert acknowledged < first.number
    few = len(pieces(bucket))

    with living(other) as live:
        again = live.resume(first.started.session, first.started.token, second.listen)
        assert isinstance(again, Session)
        assert second.started.next_chunk == acknowledged
        second.number, second.sent = acknowledged, first.sent[: acknowledged * 3200]
        second.speak(again, babble(0.5, level=0.2))
        end(again, second)

    assert few < 12  # small pieces were put together
    assert recorded(other, first.started.transcription) == second.sent
    assert dead._recorder._session_store.store_progress([(session.place, session.intake.stored)])


def test_nobody_but_its_client_takes_a_session_from_a_server_that_lives(queue: Queue, other: Queue) -> None:
    client = Client()
    with living(queue) as live, living(other) as second:
        session = live.begin("Talk", TranscriptionOptions(), client.listen)
        client.speak(session, babble(0.5, level=0.3))
        all_acknowledged(client)
        queue.cancel(client.started.transcription)
        wait_until(lambda: bool(client.all(Ended)))
        over = second.resume(client.started.session, client.started.token, Client().listen)

    assert client.codes[-1] == "live_session_over"
    assert isinstance(over, EndedSession)


def test_a_minute_without_the_store_costs_no_sound(queue: Queue, line: Line) -> None:
    client = Client()
    with living(queue) as live:
        session = live.begin("Talk", TranscriptionOptions(), client.listen)
        client.speak(session, babble(0.5, level=0.3))
        all_acknowledged(client)
        known = client.acknowledged
        line.cut()
        client.speak(session, babble(1.0, level=0.3))
        wait_until(lambda: "live_not_stored" in client.codes)
        assert client.acknowledged == known
        line.mend()
        all_acknowledged(client)
        end(session, client)

    assert recorded(queue, client.started.transcription) == client.sent


def test_a_live_recording_is_heard_while_it_grows(queue: Queue, other: Queue) -> None:
    client = Client()
    with living(queue) as live:
        session = live.begin("Talk", TranscriptionOptions(), client.listen)
        client.speak(session, babble(0.5, level=0.3))
        all_acknowledged(client)
        id = client.started.transcription
        assert queue.stored_source(id) is None
        assert queue.source_path(id).read_bytes().endswith(client.sent)
        with pytest.raises(AudioGone):
            other.source_path(id)
        end(session, client)

    assert recorded(queue, id) == client.sent
