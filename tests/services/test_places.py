"""A scheduler before a pool with several places: all are used, live speech finds one free, nothing gets lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Condition, Thread

import numpy as np

from app.domain.errors.inference import InferenceCrashed
from app.domain.options import RecognitionOptions
from app.engine import SAMPLE_RATE, EngineInfo, Hypothesis, Utterance
from app.services.inference.role import Demand
from app.services.inference.scheduler import InferenceScheduler
from app.services.inference.segment_queue import FINAL
from app.services.inference.status import Recognition
from tests.waiting import PATIENCE_SECONDS, wait_until

INFO = EngineInfo("pool", "cpu", "float32", ("zh",), 0, 0.0, (), (), batch_seconds=10.0)


@dataclass
class GatedPool:
    """Holds every batch until `let_go`; a batch with a first sample of 1 loses its place."""

    places: int
    kept_places: int = 0
    tries_alone: int = 3
    waits_for: None = None
    batch_seconds: float = 10.0
    sizes: list[int] = field(default_factory=list)
    tries: int = 0
    demand: Demand | None = None
    _changed: Condition = field(default_factory=Condition)
    _is_open: bool = False

    @property
    def begun(self) -> int:
        return len(self.sizes)

    def serve(self, demand: Demand) -> None:
        self.demand = demand

    def let_go(self) -> None:
        with self._changed:
            self._is_open = True
            self._changed.notify_all()

    def transcribe(self, utterances: Sequence[Utterance], _timeout_seconds: float) -> Recognition:
        with self._changed:
            self.sizes.append(len(utterances))
            self._changed.wait_for(lambda: self._is_open, PATIENCE_SECONDS)
            if any(utterance.waveform[0] == 1 for utterance in utterances):
                self.tries += 1
                raise InferenceCrashed(detail="lost")
        hypotheses = tuple(Hypothesis("text", "text", 0.9) for _ in utterances)
        return Recognition(hypotheses, tuple(() for _ in utterances), INFO)


def utterance(seconds: float = 1.0, first: float = 0.0) -> Utterance:
    waveform = np.zeros(int(seconds * SAMPLE_RATE), dtype=np.float32)
    waveform[0] = first
    return Utterance(waveform, RecognitionOptions())


@contextmanager
def scheduling(pool: GatedPool) -> Iterator[InferenceScheduler]:
    scheduler = InferenceScheduler(pool, 30, patience_seconds=PATIENCE_SECONDS)
    thread = Thread(target=scheduler.run)
    thread.start()
    try:
        yield scheduler
    finally:
        scheduler.stop()
        pool.let_go()
        thread.join()


def test_one_recording_fills_all_places_and_shares_what_there_is() -> None:
    pool = GatedPool(places=3)
    with scheduling(pool) as scheduler, scheduler.queue("job") as queue:
        with scheduler.changed:  # all of them wait before the first is taken
            for number in range(6):
                queue.submit(number, utterance())
        wait_until(lambda: pool.begun == 3)
        assert sorted(pool.sizes) == [2, 2, 2]
        pool.let_go()
        done = [queue.next_result(PATIENCE_SECONDS) for _ in range(6)]

    assert sorted(each.index for each in done if each) == list(range(6))


def test_a_job_submits_ahead_for_every_place_and_two_jobs_not_twice_as_much() -> None:
    with scheduling(GatedPool(places=8)) as scheduler, scheduler.queue("one") as one, scheduler.queue("two") as two:
        submitted = 0
        while one.has_room:
            one.submit(submitted, utterance(10.0))
            submitted += 1
        assert submitted == 10  # a batch for each place, and two to choose from
        while two.has_room:
            two.submit(submitted, utterance(10.0))
            submitted += 1
        assert submitted == 13


def test_who_speaks_finds_a_place_that_recordings_may_not_use() -> None:
    pool = GatedPool(places=2, kept_places=1)
    with scheduling(pool) as scheduler, scheduler.queue("job") as job, scheduler.queue("live", FINAL) as live:
        for number in range(4):
            job.submit(number, utterance(10.0))
        wait_until(lambda: pool.begun == 1)
        live.submit(0, utterance())
        wait_until(lambda: pool.begun == 2)
        pool.let_go()
        assert live.next_result(PATIENCE_SECONDS)
        assert all(job.next_result(PATIENCE_SECONDS) for _ in range(4))


def test_while_somebody_speaks_only_the_last_free_place_waits_for_it() -> None:
    pool = GatedPool(places=3)
    with scheduling(pool) as scheduler, scheduler.queue("job") as job, scheduler.queue("live", FINAL) as live:
        live.set_speaking(is_speaking=True)
        for number in range(3):
            job.submit(number, utterance(60.0))
        wait_until(lambda: pool.begun == 2)
        assert job.next_result(0.3) is None
        assert pool.begun == 2
        live.submit(0, utterance())
        wait_until(lambda: pool.begun == 3)


def test_a_segment_that_loses_its_place_is_tried_as_often_as_the_pool_says() -> None:
    pool = GatedPool(places=2)
    pool.let_go()
    with scheduling(pool) as scheduler, scheduler.queue("job") as queue:
        queue.submit(0, utterance(first=1.0))
        request = queue.next_result(PATIENCE_SECONDS)

    assert request
    assert isinstance(request.result, InferenceCrashed)
    assert pool.tries == pool.tries_alone


def test_without_a_place_segments_wait_until_the_pool_tells_of_one() -> None:
    pool = GatedPool(places=0)
    pool.let_go()
    with scheduling(pool) as scheduler, scheduler.queue("job") as queue:
        queue.submit(0, utterance())
        assert queue.next_result(0.2) is None
        assert pool.demand
        assert pool.demand.waiting == 1
        pool.places = 1
        pool.demand.places_changed()
        assert queue.next_result(PATIENCE_SECONDS)
