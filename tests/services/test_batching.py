"""Segments of all running jobs share batches: their order, and what a bad one costs the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from threading import Event, Thread

import pytest

from app.domain.options import RecognitionOptions
from app.domain.reasons import SMALLER_BATCHES
from app.domain.states import JobState
from app.engine import Utterance
from app.services.inference.process import InferenceProcess, Recognition
from app.services.inference.scheduler import InferenceScheduler, batch_around
from app.services.inference.segment_queue import FINAL, PARTIAL, SegmentQueue, SegmentRequest
from tests.engine.sounds import babble
from tests.services.conftest import House, talk
from tests.waiting import PATIENCE_SECONDS


def batches_of(house: House) -> list[list[str]]:
    """The loudness of what was sent together, batch by batch."""
    notes = house.folder / "batches"
    return [line.split() for line in notes.read_text().splitlines()] if notes.exists() else []


def utterance(seconds: float = 1.0, level: float = 0.2) -> Utterance:
    return Utterance(babble(seconds, level=level), RecognitionOptions())


def request(seconds: float, *, is_alone: bool = False) -> SegmentRequest:
    return SegmentRequest(0, utterance(seconds), is_alone=is_alone)


@contextmanager
def sending(house: House, factory: str) -> Iterator[InferenceScheduler]:
    """The way to a process that is already busy with one segment, until the note `go` is there."""
    with open_way(house, factory) as scheduler, scheduler.queue("first") as first:
        first.submit(0, utterance())
        house.until(lambda: bool(batches_of(house)))
        yield scheduler


@contextmanager
def open_way(house: House, factory: str, patience_seconds: float = PATIENCE_SECONDS) -> Iterator[InferenceScheduler]:
    """The way to a process that is idle."""
    inference = InferenceProcess(house.spec(factory))
    scheduler = InferenceScheduler(inference, 30, patience_seconds)
    thread = Thread(target=scheduler.run)
    thread.start()
    try:
        yield scheduler
    finally:
        scheduler.stop()
        inference.stop()
        thread.join()


def test_the_segments_of_two_jobs_are_sent_together(house: House) -> None:
    with house.working("BatchEngine"):
        ids = [house.submit(talk(*[level] * 6)).id for level in (0.2, 0.4)]
        house.until(lambda: all(house.queue.get(id).progress.stage == "recognizing" for id in ids))
        house.note("go")
        records = [house.end_of(id) for id in ids]

    assert [record.text_raw for record in records] == [" ".join([f"level {n}"] * 6) for n in (2, 4)]
    assert {"2", "4"} in [set(batch) for batch in batches_of(house)]
    assert max(len(batch) for batch in batches_of(house)) <= 4
    assert len(batches_of(house)) < 12


def test_a_lone_segment_does_not_wait_for_company(house: House) -> None:
    house.note("go")
    with house.working("BatchEngine"):
        record = house.end_of(house.submit(talk(0.2)).id)

    assert record.text_raw == "level 2"
    assert batches_of(house) == [["2"]]


@pytest.mark.parametrize("factory", ["PoisonedBatchEngine", "HangingBatchEngine", "FailingBatchEngine"])
def test_of_a_batch_that_goes_wrong_only_the_guilty_segment_fails(
    house: House, factory: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with house.working(factory, timeout_seconds=60, jobs=3):  # the first batch waits for `go`, on a busy machine long
        house.submit(talk(0.8))
        house.until(lambda: batches_of(house) == [["8"]])  # what comes now waits until all of it is there
        bad = house.submit(talk(0.2, 0.3, 1.0, 0.4)).id
        good = house.submit(talk(0.5, 0.6, 0.7, 0.2)).id  # an even number: nobody is left over
        house.until(lambda: all(house.queue.get(id).progress.stage == "recognizing" for id in (bad, good)))
        monkeypatch.setattr(InferenceProcess, "transcribe", impatient(InferenceProcess.transcribe))
        house.note("go")
        records = [house.end_of(bad), house.end_of(good)]

    assert any("10" in batch and len(batch) > 1 for batch in batches_of(house)), "it had company"
    assert [record.state for record in records] == [JobState.FAILED, JobState.SUCCEEDED]
    assert [segment.state for segment in house.queue.segments(bad)] == ["done", "done", "failed", "done"]
    assert [record.text_raw for record in records] == ["level 2 level 3 level 4", "level 5 level 6 level 7 level 2"]


def impatient(transcribe: Callable[..., Recognition]) -> Callable[..., Recognition]:
    """Let a process that hangs be ended soon."""
    return lambda inference, utterances, _: transcribe(inference, utterances, 8.0)


def test_lanes_are_served_in_turn_and_each_in_its_own_order(house: House) -> None:
    with (
        sending(house, "BatchEngine") as scheduler,
        scheduler.queue("long") as long,
        scheduler.queue("short") as short,
    ):
        for number in range(6):
            long.submit(number, utterance(3.0, 0.1 + number / 10))
        short.submit(0, utterance(3.0, 0.9))
        house.note("go")
        assert short.next_result(PATIENCE_SECONDS)
        indexes = [done.index for done in (long.next_result(PATIENCE_SECONDS) for _ in range(6)) if done]

    assert ["9"] in batches_of(house)[1:3]
    assert indexes == list(range(6))


def test_who_has_priority_comes_before_all_that_waits_and_shares_no_batch(house: House) -> None:
    with (
        sending(house, "BatchEngine") as scheduler,
        scheduler.queue("recording") as recording,
        scheduler.queue("speaker", priority=1) as speaker,
    ):
        for number in range(4):
            recording.submit(number, utterance(1.0, 0.3))
        speaker.submit(0, utterance(1.0, 0.9))
        house.note("go")
        assert speaker.next_result(PATIENCE_SECONDS)
        assert recording.next_result(PATIENCE_SECONDS)

    assert batches_of(house)[1:3] == [["9"], ["3", "3", "3", "3"]]


def test_a_recording_is_served_in_the_end_though_somebody_always_speaks(house: House) -> None:
    with open_way(house, "EchoEngine", patience_seconds=0.5) as scheduler, ExitStack() as stack:
        speaking = Event()
        speaking.set()

        def speak_on() -> None:
            if speaking.is_set():
                speaker.submit(0, utterance(0.1))

        speaker = stack.enter_context(scheduler.queue("speaker", PARTIAL, speak_on))
        for _ in range(3):
            speak_on()
        assert speaker.next_result(PATIENCE_SECONDS)
        recording = stack.enter_context(scheduler.queue("recording"))
        for number in range(2):
            recording.submit(number, utterance(0.1))
        done = [recording.next_result(PATIENCE_SECONDS) for _ in range(2)]
        speaking.clear()

    assert [request and request.index for request in done] == [0, 1]


def test_nothing_long_is_begun_while_somebody_speaks(house: House) -> None:
    with (
        open_way(house, "EchoEngine") as scheduler,
        scheduler.queue("speaker", PARTIAL) as speaker,
        scheduler.queue("recording") as recording,
    ):
        speaker.set_speaking(is_speaking=True)
        recording.submit(0, utterance(1.0))
        assert recording.next_result(PATIENCE_SECONDS)
        recording.submit(1, utterance(60.0))
        assert recording.next_result(0.5) is None
        speaker.set_speaking(is_speaking=False)
        assert recording.next_result(PATIENCE_SECONDS)


def test_speakers_take_turns_and_final_text_comes_before_partial(house: House) -> None:
    done: list[str] = []
    with open_way(house, "WaitingEngine") as scheduler, ExitStack() as stack:

        def queue(name: str, priority: int) -> SegmentQueue:
            return stack.enter_context(scheduler.queue(name, priority, lambda: done.append(name)))

        first, second, final = queue("first", PARTIAL), queue("second", PARTIAL), queue("final", FINAL)
        for number in range(4):
            first.submit(number, utterance())
        house.until(lambda: any(house.folder.glob("begun-*")))
        for number in range(2):
            second.submit(number, utterance())
        final.submit(0, utterance())
        house.note("go")
        house.until(lambda: len(done) == 7)

    assert done == ["first", "final", "second", "first", "second", "first", "first"]


def test_what_is_taken_back_is_not_sent(house: House) -> None:
    with sending(house, "BatchEngine") as scheduler, scheduler.queue("lane") as queue:
        queue.submit(0, utterance(1.0, 0.8))
        queue.submit(1, utterance(1.0, 0.4))
        assert queue.cancel(0)
        assert not queue.cancel(0)
        house.note("go")
        assert queue.next_result(PATIENCE_SECONDS)

    assert batches_of(house)[1:] == [["4"]]


def test_options_differ_from_one_segment_of_a_batch_to_the_next(house: House) -> None:
    chinese, english = (Utterance(babble(1.0), RecognitionOptions(language)) for language in ("zh", "en"))
    with sending(house, "BatchEngine") as scheduler, scheduler.queue("both") as queue:
        queue.submit(0, chinese)
        queue.submit(1, english)
        house.note("go")
        done = [queue.next_result(PATIENCE_SECONDS) for _ in range(2)]

    assert batches_of(house)[1] == ["2", "2"]
    receipts = [each.recognised().receipt for each in done if each]
    assert [line.applied for receipt in receipts for line in receipt if line.name == "language"] == [
        "zh",
        "en",
    ]


def test_what_is_withdrawn_is_not_sent(house: House) -> None:
    with sending(house, "BatchEngine") as scheduler, scheduler.queue("gone") as queue:
        for number in range(3):
            queue.submit(number, utterance(1.0, 0.8))
        assert queue.cancel_waiting() == 3
        assert queue.is_empty
        house.note("go")
        with scheduler.queue("next") as following:
            following.submit(0, utterance(1.0, 0.4))
            assert following.next_result(PATIENCE_SECONDS)

    assert batches_of(house)[1:] == [["4"]]


def test_a_batch_holds_what_is_of_similar_length() -> None:
    seed = request(5.0)
    others = [request(seconds) for seconds in (1.0, 20.0, 4.5, 5.5, 6.0)]
    assert [each.seconds for each in batch_around(seed, [seed, *others], 17.0)] == [5.0, 4.5, 5.5]
    assert [each.seconds for each in batch_around(seed, [seed, *others], 22.0)] == [5.0, 4.5, 5.5, 1.0]


def test_what_spoilt_a_batch_gets_no_company() -> None:
    alone, seed = request(1.0, is_alone=True), request(1.0)
    assert batch_around(alone, [alone, seed], 60.0) == [alone]
    assert batch_around(seed, [alone, seed], 60.0) == [seed]


def test_what_an_engine_liked_to_get_is_one_segment_where_it_says_nothing() -> None:
    seed = request(1.0)
    assert batch_around(seed, [seed, request(1.0)], 0.0) == [seed]


def test_why_memory_was_short_stays_in_receipt_and_log(house: House) -> None:
    with house.working("CrampedEngine"):
        id = house.submit(talk(0.2, 1.0, 0.4, 0.6)).id
        record = house.end_of(id)

    [line] = [line for line in record.receipt if line.name == "batch"]
    assert (line.applied, line.reason) == ("30 s", SMALLER_BATCHES)
    assert house.events(id).count("segment_compromised") == 1
