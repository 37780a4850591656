"""Live sessions beside the durable queue: their workers, their files, and their priority."""

from __future__ import annotations

import resource
import wave
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import pytest

from app.domain.errors.live import LiveSessionElsewhere, LiveSessionsFull
from app.domain.options import TranscriptionOptions
from app.domain.states import JobState, LiveState
from app.domain.transcript import Word
from app.engine import Hypothesis
from app.logging import job_logs
from app.services.inference.process import InferenceProcess
from app.services.live import (
    Acknowledged,
    Channels,
    Ended,
    EndedSession,
    ErrorEvent,
    Final,
    Live,
    LiveEvent,
    LiveLimits,
    Partial,
    Session,
    SettingsApplied,
    Started,
)
from app.services.live.partial_engine import PartialEngine
from app.services.live.partials import PartialText
from app.services.worker.worker import Worker
from tests.engine.sounds import Samples, babble, silence
from tests.services.conftest import LIMITS, House, talk

CHUNK = 1600


@dataclass
class Client:
    """What one session has told."""

    heard: list[LiveEvent] = field(default_factory=list)
    sent: bytes = b""
    number: int = 0

    def listen(self, news: LiveEvent) -> None:
        self.heard.append(news)

    def speak(self, session: Session, sound: Samples) -> None:
        pcm = (np.clip(sound, -1, 1) * 32767).round().astype("<i2").tobytes()
        self.sent += pcm
        for place in range(0, len(pcm), 2 * CHUNK):
            session.accept(self.number, pcm[place : place + 2 * CHUNK])
            self.number += 1

    def all(self, kind: type) -> list:
        return [news for news in self.heard if isinstance(news, kind)]

    @property
    def started(self) -> Started:
        [started] = self.all(Started)
        return started

    @property
    def codes(self) -> list[str]:
        return [trouble.problem.code for trouble in self.all(ErrorEvent)]

    @property
    def acknowledged(self) -> int:
        return max((news.next_chunk for news in self.all(Acknowledged)), default=0)


@contextmanager
def living(
    house: House, factory: str | None, *, keep_minutes: float = 10.0, most_seconds: float = 600.0
) -> Iterator[Live]:
    """Live sessions with a worker, or without one where another process recognises."""
    limits = LiveLimits(sessions=8, keep_minutes=keep_minutes, most_seconds=most_seconds)
    if factory is None:
        live = Live(house.queue, None, limits, lambda: None)
        with job_logs(house.files.folder), live.running():
            yield live
        return
    worker = Worker(house.queue, house.files, InferenceProcess(house.spec(factory)), LIMITS)
    live = Live(house.queue, worker.scheduler, limits, lambda: "echo")
    with job_logs(house.files.folder), worker.running(), live.running():
        yield live


def test_a_quick_model_reads_open_segments_where_the_model_is_slow(
    house: House,
) -> None:
    client = Client()
    worker = Worker(house.queue, house.files, InferenceProcess(house.spec("EchoEngine")), LIMITS)
    reader = PartialEngine(house.spec("QuickEngine"), lambda options: options.language != "ja", 60.0)
    limits = LiveLimits(sessions=8, keep_minutes=1.0, most_seconds=600.0)
    live = Live(house.queue, worker.scheduler, limits, lambda: "echo", reader.scheduler_for)
    with worker.running(), reader.running(), live.running():
        session = live.begin("Talk", TranscriptionOptions(), client.listen)
        client.speak(session, babble(2.0, level=0.3))
        house.until(lambda: bool(client.all(Partial)))
        client.speak(session, silence(1.5))
        session.stop(client.number)
        house.until(lambda: bool(client.all(Ended)))
        without = reader.scheduler_for(TranscriptionOptions(language="ja"))

    assert {partial.text.partition(" ")[0].lower() for partial in client.all(Partial)} == {"quick"}
    assert house.queue.get(client.started.transcription).text == "Level 3."
    assert without is None


def test_what_was_heard_of_the_other_language_is_kept_of_live_speech_too(house: House) -> None:
    client = Client()
    with living(house, "ForeignEngine") as live:
        session = live.begin("Talk", TranscriptionOptions(language="zh"), client.listen)
        client.speak(session, babble(2.0, level=0.3))
        client.speak(session, silence(1.5))
        session.stop(client.number)
        house.until(lambda: bool(client.all(Ended)))

    [segment] = house.queue.segments(client.started.transcription)
    assert segment.foreign_share == 0.75


def sound_of(house: House, id: str) -> bytes:
    with wave.open(str(house.files.source(id, ".wav"))) as recording:
        return recording.readframes(recording.getnframes())


def test_no_worker_takes_a_live_transcription_for_a_job(house: House) -> None:
    client = Client()
    with living(house, "EchoEngine") as live:
        session = live.begin("Talk", TranscriptionOptions(), client.listen)
        id = client.started.transcription
        client.speak(session, babble(0.5))
        other = house.submit(talk(0.2)).id
        house.end_of(other)
        with house.working("EchoEngine"):  # a second worker looks for the dead as it starts
            third = house.submit(talk(0.2)).id
            house.end_of(third)

        record = house.queue.get(id)
        assert (record.state, record.attempts) == (JobState.RUNNING, 0)
        client.speak(session, babble(1.0))
        session.stop(client.number)
        house.until(lambda: bool(client.all(Ended)))

    assert house.queue.get(id).state is JobState.SUCCEEDED
    assert sound_of(house, id) == client.sent


def test_texts_that_are_missing_at_the_end_are_read_by_a_worker(house: House) -> None:
    client = Client()
    with living(house, None) as live:
        session = live.begin("Talk", TranscriptionOptions(), client.listen)
        client.speak(session, np.concatenate([babble(1.0, level=0.3), silence(1.0), babble(1.0, level=0.6)]))
        session.stop(client.number)
        house.until(lambda: bool(client.all(Ended)))
    id = client.started.transcription
    assert house.queue.get(id).state is JobState.QUEUED
    assert "live_text_waits" in client.codes

    with house.working("EchoEngine"):
        record = house.end_of(id)

    assert (record.state, record.text) == (JobState.SUCCEEDED, "Level 3. Level 6.")
    assert record.duration == 3.0
    assert sound_of(house, id) == client.sent


def calls_of(monkeypatch: pytest.MonkeyPatch, holder: object, name: str) -> list[None]:
    """Return a list that grows by one with each call of a method."""
    calls: list[None] = []
    method = getattr(holder, name)

    def counted(*arguments: object) -> object:
        calls.append(None)
        return method(*arguments)

    monkeypatch.setattr(holder, name, counted)
    return calls


def test_nothing_is_acknowledged_that_the_disk_does_not_take(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client()
    with living(house, None) as live:
        session = live.begin("Talk", TranscriptionOptions(), client.listen)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        client.speak(session, silence(1.0))
        house.until(lambda: client.acknowledged == 10)
        resource.setrlimit(resource.RLIMIT_FSIZE, (32_000 + 44, hard))
        try:
            client.speak(session, silence(1.0))
            tries = calls_of(monkeypatch, session.intake, "write")
            house.until(lambda: len(tries) > 5)  # again and again, and told once
            assert client.codes == ["live_not_stored"]
            assert client.acknowledged == 10
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        house.until(lambda: client.acknowledged == 20)
        session.stop(client.number)
        house.until(lambda: bool(client.all(Ended)))

    assert sound_of(house, client.started.transcription) == client.sent


@pytest.mark.sqlite("limits the size of the file")
def test_a_text_waits_for_the_database_and_is_told_when_it_is_stored(house: House) -> None:
    client = Client()
    house.limit_room()
    with living(house, "EchoEngine") as live:
        session = live.begin("Talk", TranscriptionOptions(), client.listen)
        client.speak(session, babble(1.0, level=0.3))
        with house.full_disk():
            client.speak(session, silence(1.0))
            house.until(lambda: "live_not_stored" in client.codes)
            assert client.all(Final) == []
        house.until(lambda: bool(client.all(Final)))
        session.stop(client.number)
        house.until(lambda: bool(client.all(Ended)))

    assert house.queue.get(client.started.transcription).text == "Level 3."


def test_a_server_that_stops_leaves_the_session_to_be_taken_up(house: House) -> None:
    client, later = Client(), Client()
    with living(house, "EchoEngine") as live:
        session = live.begin("Talk", TranscriptionOptions(), client.listen)
        client.speak(session, babble(1.0, level=0.3))
    with living(house, "EchoEngine") as live:
        session = live.resume(client.started.session, client.started.token, later.listen)
        assert isinstance(session, Session)
        assert later.started.next_chunk == 10
        session.stop(10)
        house.until(lambda: bool(later.all(Ended)))
        over = live.resume(client.started.session, client.started.token, later.listen)

    assert isinstance(over, EndedSession)
    assert house.queue.get(client.started.transcription).text == "Level 3."


def test_two_servers_never_have_one_session(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    client, other = Client(), Client()
    with living(house, None) as live, living(house, None, keep_minutes=0.0) as second:
        session = live.begin("Talk", TranscriptionOptions(), client.listen)
        client.speak(session, babble(1.0))
        house.until(lambda: client.acknowledged == 10)
        looks = calls_of(monkeypatch, second, "_check_session")
        house.until(lambda: len(looks) > 1)  # for sessions that nobody takes up
        with pytest.raises(LiveSessionElsewhere):
            second.resume(client.started.session, client.started.token, other.listen)
        assert house.queue.get(client.started.transcription).state is JobState.RUNNING
        session.stop(10)
        house.until(lambda: bool(client.all(Ended)))


def test_a_deleted_session_ends_and_its_transcription_is_in_the_trash(house: House) -> None:
    client = Client()
    with living(house, "EchoEngine") as live:
        session = live.begin("Talk", TranscriptionOptions(), client.listen)
        client.speak(session, babble(1.0))
        house.queue.delete(client.started.transcription)
        house.until(lambda: bool(client.all(Ended)))
        assert live.sessions() == []

    assert house.files.folder(client.started.transcription).is_dir()


def test_a_live_transcription_that_was_cancelled_can_be_read_to_its_end(house: House) -> None:
    client = Client()
    with living(house, "EchoEngine") as live:
        session = live.begin("Talk", TranscriptionOptions(), client.listen)
        client.speak(session, babble(1.0, level=0.3))
        house.queue.cancel(client.started.transcription)
        house.until(lambda: bool(client.all(Ended)))
        id = client.started.transcription
        assert house.queue.get(id).state is JobState.CANCELLED
        house.queue.retry(id)
        assert house.end_of(id).text == "Level 3."


@pytest.mark.parametrize("their_level", [0.6, 0.3], ids=["two voices", "the same sound twice"])
def test_what_a_session_of_two_channels_leaves_unread_is_read_by_channel(house: House, their_level: float) -> None:
    both = np.stack([babble(1.0, level=0.3), babble(1.0, level=their_level)], axis=1).ravel()
    client = Client()
    with living(house, None) as live:
        session = live.begin("Call", TranscriptionOptions(), client.listen, channels=Channels(2, ("Me", "The others")))
        client.speak(session, np.concatenate([both, silence(2.0)]))
        session.stop(client.number)
        house.until(lambda: bool(client.all(Ended)))
    with living(house, "EchoEngine"):
        record = house.end_of(client.started.transcription)

    found = [(each.channel, each.text) for each in house.queue.segments(record.id)]
    assert sorted(found) == [(1, "Level 3."), (2, f"Level {round(10 * their_level)}.")]
    assert len(record.recording["sound"]) == 2


def test_an_empty_session_ends_as_a_recording_without_speech(house: House) -> None:
    client = Client()
    with living(house, "EchoEngine") as live:
        live.begin("Talk", TranscriptionOptions(), client.listen).stop(0)
        house.until(lambda: bool(client.all(Ended)))

    record = house.queue.get(client.started.transcription)
    assert (record.state, record.text, record.duration) == (JobState.SUCCEEDED, "", 0.0)


def test_how_a_session_sounded_is_measured_as_of_a_recording_that_was_sent(house: House) -> None:
    client = Client()
    with living(house, "EchoEngine") as live:
        session = live.begin("Quiet talk", TranscriptionOptions(), client.listen)
        client.speak(session, np.concatenate([silence(0.5), babble(2.0) * 0.002, silence(1.5)]))
        session.stop(client.number)
        house.until(lambda: bool(client.all(Ended)))

    [sound] = house.queue.get(client.started.transcription).recording["sound"]
    assert sound["loud_db"] < -50
    assert sound["clipped_share"] < 0.01


def test_a_segment_that_kills_the_process_twice_costs_only_itself(house: House) -> None:
    client = Client()
    with living(house, "PoisonedEngine") as live:
        session = live.begin("Talk", TranscriptionOptions(), client.listen)
        for level in (0.3, 1.0, 0.6):
            client.speak(session, np.concatenate([babble(1.0, level=level), silence(1.0)]))
        session.stop(client.number)
        house.until(lambda: bool(client.all(Ended)))

    states = {final.segment.index: (final.segment.state, final.segment.text) for final in client.all(Final)}
    assert states == {0: ("done", "Level 3."), 1: ("failed", ""), 2: ("done", "Level 6.")}
    assert house.queue.get(client.started.transcription).state is JobState.FAILED


def test_a_session_that_is_too_long_ends_with_what_it_has(house: House) -> None:
    client = Client()
    with living(house, "EchoEngine", most_seconds=2.0) as live:
        session = live.begin("Talk", TranscriptionOptions(), client.listen)
        client.speak(session, babble(3.0, level=0.3))
        house.until(lambda: bool(client.all(Ended)))

    assert client.codes == ["live_too_long"]
    record = house.queue.get(client.started.transcription)
    assert (record.state, record.text, record.duration) == (JobState.SUCCEEDED, "Level 3.", 2.1)


# The text that grows


def reading(*words: tuple[str, float, float], raw: str = "") -> Hypothesis:
    return Hypothesis("", "", 0.9, words=tuple(Word(text, start, end, 0.9, raw) for text, start, end in words))


def test_two_readings_that_agree_settle_what_has_been_followed_by_sound() -> None:
    text = PartialText()
    assert text.update(reading(("今", 0.0, 0.2), ("天", 0.2, 0.4), ("很", 1.5, 1.8)), 0.0, 2.0) == ("今天很", 0)
    assert text.update(reading(("今", 0.0, 0.2), ("天", 0.2, 0.4), ("很", 1.5, 1.8), ("好", 1.9, 2.2)), 0.0, 2.3) == (
        "今天很好",
        2,
    )


def test_what_is_settled_stays_where_a_later_reading_has_it_otherwise() -> None:
    text = PartialText()
    for _ in range(2):
        text.update(reading(("今", 0.0, 0.2), ("天", 0.2, 0.4)), 0.0, 2.0)

    assert text.update(reading(("金", 0.0, 0.2), ("田", 0.2, 0.4), ("好", 2.0, 2.3)), 0.0, 2.5) == ("今天好", 2)


def test_a_number_settles_later_because_it_may_go_on() -> None:
    text = PartialText()
    number = reading(("3%", 0.0, 0.6), raw="百分之三")
    assert [text.update(number, 0.0, end) for end in (1.8, 1.9, 2.2)] == [("3%", 0), ("3%", 0), ("3%", 2)]


def test_only_what_may_still_change_is_read_again() -> None:
    text = PartialText()
    words = [(f"w{place}", float(place), place + 0.9) for place in range(10)]
    for _ in range(2):
        text.update(reading(*words), 0.0, 10.0)
    later = [(f"w{place}", place - text.read_from, place + 0.9 - text.read_from) for place in range(8, 12)]

    assert 0.0 < text.read_from < 9.0
    grown = text.update(reading(*later), text.read_from, 12.0)
    assert grown is not None
    assert grown[0] == " ".join(f"w{place}" for place in range(12))


@pytest.mark.parametrize(
    ("earlier", "later", "stable"),
    [
        ("今天天气很", "今天天气很好", "今天天"),
        ("hello wor", "hello world", "hello"),
        ("今天", "明天", ""),
    ],
)
def test_a_model_without_times_settles_by_its_characters(earlier: str, later: str, stable: str) -> None:
    text = PartialText()
    text.update(Hypothesis(earlier, earlier, 0.9), 0.0, 1.0)
    assert text.update(Hypothesis(later, later, 0.9), 0.0, 1.3) == (later, len(stable))


def test_a_reading_that_contradicts_settled_text_is_not_shown() -> None:
    text = PartialText()
    for heard in ("今天天气很", "今天天气很好"):
        text.update(Hypothesis(heard, heard, 0.9), 0.0, 1.0)
    assert text.update(Hypothesis("明天", "明天", 0.9), 0.0, 2.0) is None


def test_the_limit_of_sessions_holds_when_many_begin_at_once(house: House) -> None:
    with living(house, None) as live:
        clients = [Client() for _ in range(24)]

        def begin(client: Client) -> bool:
            try:
                live.begin("talk", TranscriptionOptions(), client.listen)
            except LiveSessionsFull:
                return False
            return True

        with ThreadPoolExecutor(24) as threads:
            begun = list(threads.map(begin, clients))
        assert sum(begun) == 8
        assert len(live.sessions()) == 8


def test_a_session_without_its_client_makes_room_and_goes_on_later(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.live.hub.IDLE_SECONDS", 0.0)
    with living(house, None) as live:
        absent = Client()
        first = live.begin("first", TranscriptionOptions(), absent.listen)
        absent.speak(first, babble(1.0))
        first.detach(absent.listen)
        others = [live.begin("other", TranscriptionOptions(), Client().listen) for _ in range(8)]
        assert len(others) == 8
        with pytest.raises(LiveSessionsFull):
            live.resume(first.place.id, absent.started.token, Client().listen)
        others[0].end(LiveState.ENDED)
        house.until(lambda: len(live._awake) == 7)  # its row ends a moment before its slot is free

        back = Client()
        live.resume(first.place.id, absent.started.token, back.listen)
        assert back.started.next_chunk == absent.number


def test_thousands_of_settings_messages_are_queued_as_one(house: House) -> None:
    with living(house, None) as live:
        client = Client()
        session = live.begin("talk", TranscriptionOptions(), client.listen)
        for _ in range(2000):
            session.change(TranscriptionOptions(language="en"))
        session.change(TranscriptionOptions(language="zh"))
        house.until(lambda: any(news.options.language == "zh" for news in client.all(SettingsApplied)))

        assert session.options.language == "zh"
        assert session._steps.qsize() < 10
        assert len(client.all(SettingsApplied)) < 1000
