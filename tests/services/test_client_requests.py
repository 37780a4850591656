"""When a program's request is answered by a job that is there, and how it hears of that job."""

from __future__ import annotations

from datetime import timedelta
from queue import SimpleQueue

import pytest

from app.domain.client_request import ClientRequest
from app.domain.errors.clients import QueueFull
from app.domain.options import TranscriptionOptions
from app.domain.reasons import NOT_SAMPLED
from app.domain.sources import Source
from app.domain.states import JobState
from app.domain.transcript import Applied
from app.services.clients import client_requests
from app.services.clients.client_requests import Admitted, ClientRequests, Wanted, request_of
from app.services.clients.following import JobChanges, JobStatus, SettledSegments
from app.services.clients.refused_requests import MOST_KEPT, RefusedRequests
from app.services.clients.unkept import Unkept
from app.services.transcriptions.trash import Trash
from tests.services.conftest import House, talk
from tests.waiting import PATIENCE_SECONDS, wait_until

REQUEST = ClientRequest("/v1/audio/transcriptions")


def admit(
    house: House, *, model: str | None = "echo", level: float = 0.2, limit: int = 10, **wanted: object
) -> Admitted:
    requests = ClientRequests(house.queue, lambda: model, lambda: limit)
    with house.queue.receive("talk.wav", 10**9) as incoming:
        incoming.write(talk(level))
        return requests.admit(incoming, Wanted(TranscriptionOptions(), Source.OPENAI, REQUEST, **wanted))


def finished(house: House, **wanted: object) -> str:
    id = admit(house, **wanted).id
    with house.working("EchoEngine"):
        assert house.end_of(id).state is JobState.SUCCEEDED
    return id


def test_a_text_answers_again_as_long_as_its_model_is_in_use(house: House) -> None:
    id = finished(house)

    assert admit(house) == Admitted(id, is_repeat=True)
    assert admit(house, model=None) == Admitted(id, is_repeat=True)  # as yet unknown
    assert not admit(house, model="another").is_repeat


def test_a_text_answers_again_for_a_day(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    finished(house)
    monkeypatch.setattr(client_requests, "ANSWERED_AGAIN", timedelta(0))

    assert not admit(house).is_repeat


def test_a_cancelled_job_is_not_joined(house: House) -> None:
    first = admit(house)
    house.queue.cancel(first.id)

    assert not admit(house).is_repeat


def test_nothing_of_a_repeat_is_left(house: House) -> None:
    admit(house)
    admit(house)

    assert len(house.queue.search().items) == 1
    assert len(list((house.folder / "transcriptions").iterdir())) == 1
    assert list((house.folder / "incoming").iterdir()) == []


def test_a_full_queue_counts_what_waits_and_was_sent_by_programs(house: House) -> None:
    house.submit(talk(0.9))
    admit(house, level=0.2, limit=1)

    with pytest.raises(QueueFull):
        admit(house, level=0.3, limit=1)
    assert admit(house, level=0.2, limit=1).is_repeat
    assert len(house.queue.search().items) == 2


def test_the_receipt_of_a_request_stays_with_that_of_its_job(house: House) -> None:
    line = Applied("temperature", "0.3", "0", NOT_SAMPLED)
    id = finished(house, receipt=(line,))

    receipt = house.queue.get(id).receipt
    assert line in receipt
    assert {"vad", "language"} <= {each.name for each in receipt}
    assert request_of(house.queue, id) == REQUEST


def test_a_listener_hears_of_every_step_until_the_end(house: House) -> None:
    heard: SimpleQueue[JobStatus] = SimpleQueue()
    changes = JobChanges(house.queue)
    id = admit(house).id
    with changes.running(), changes.listening(id, heard.put), house.working("EchoEngine"):
        steps = [heard.get(timeout=PATIENCE_SECONDS)]
        while not steps[-1].has_ended:
            steps.append(heard.get(timeout=PATIENCE_SECONDS))

    assert steps[0].state is JobState.QUEUED
    assert steps[-1] == JobStatus(JobState.SUCCEEDED, 1)
    assert [segment.text for segment in SettledSegments(house.queue, id).read()] == ["Level 2."]


def test_a_listener_hears_that_its_job_was_deleted(house: House) -> None:
    heard: SimpleQueue[JobStatus] = SimpleQueue()
    changes = JobChanges(house.queue)
    id = admit(house).id
    with changes.running(), changes.listening(id, heard.put):
        assert heard.get(timeout=PATIENCE_SECONDS).state is JobState.QUEUED
        house.queue.delete(id)
        assert heard.get(timeout=PATIENCE_SECONDS) == JobStatus(None)


def test_who_listens_later_hears_of_the_present_state(house: House) -> None:
    changes = JobChanges(house.queue)
    id = finished(house)
    with changes.running():
        for _ in range(2):
            heard: SimpleQueue[JobStatus] = SimpleQueue()
            with changes.listening(id, heard.put):
                assert heard.get(timeout=PATIENCE_SECONDS).state is JobState.SUCCEEDED
        assert not changes.is_followed(id)


def test_what_is_not_to_be_kept_stays_as_long_as_somebody_follows_it(house: House) -> None:
    changes = JobChanges(house.queue)
    unkept = Unkept(house.database, Trash(house.queue), changes)
    id = finished(house, is_kept=False)
    with changes.listening(id, lambda _: None):
        unkept.remove_ended()
        assert not house.is_gone(id)

    unkept.remove_ended()

    assert house.is_gone(id)
    assert request_of(house.queue, id) is None


def test_of_refused_requests_the_newest_are_kept(house: House) -> None:
    refused = RefusedRequests(house.folder)
    for number in range(MOST_KEPT + 5):
        refused.keep(f"request-{number}", REQUEST)
    refused.keep("../../outside", REQUEST)

    assert refused.find("request-0") is None
    assert refused.find(f"request-{MOST_KEPT + 4}") == REQUEST
    assert refused.find("../../outside") is None
    wait_until(lambda: len(list((house.folder / "refused_requests").iterdir())) == MOST_KEPT)
