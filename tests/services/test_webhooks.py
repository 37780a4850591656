"""Webhooks: what is told, to whom, and what happens when the receiver is down."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook as Signer

from app.domain.addresses import networks
from app.domain.errors.webhooks import TooManyWebhooks, WebhookAddressRefused
from app.domain.options import TranscriptionOptions
from app.domain.people import Actor, Permission, acting_as
from app.domain.webhooks import PAUSES, DeliveryState, WebhookEvent
from app.services.batches.batches import Batches
from app.services.batches.uploads import BatchUploads
from app.services.people.accounts import Accounts, LoginRule
from app.services.speaker_corrections import tell_speakers_apart
from app.services.webhooks.dispatcher import TASK, Dispatcher
from app.services.webhooks.own_secret import own_secret
from app.services.webhooks.receivers import Unreachable, target_of
from app.services.webhooks.webhooks import MOST, Webhooks
from app.store.files.upload_chunks import UploadFiles
from tests.databases import database_in
from tests.engine.sounds import babble, wav_bytes
from tests.receiver import Receiver, receiving
from tests.services.conftest import House
from tests.services.test_batches import Desk

LOOPBACK = networks("127.0.0.0/8, ::1")
AT_ONCE = (timedelta(0), timedelta(0))


@pytest.fixture(name="receiver")
def _receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def webhooks_of(house: House) -> Webhooks:
    return Webhooks(house.database, lambda: LOOPBACK, lambda: own_secret(house.folder))


def dispatcher_of(house: House, pauses: tuple[timedelta, ...] = AT_ONCE) -> Dispatcher:
    return Dispatcher(house.database, lambda: LOOPBACK, lambda: own_secret(house.folder), pauses)


def told(receiver: Receiver) -> list[dict[str, Any]]:
    return [json.loads(body) for _, body in receiver.came]


def test_the_end_of_a_job_is_told_once_with_a_valid_signature_and_without_the_text(
    house: House, receiver: Receiver
) -> None:
    webhook = webhooks_of(house).add(f"{receiver.address}/hook?x=1", list(WebhookEvent))
    with house.working("EchoEngine"):
        record = house.end_of(house.submit(wav_bytes(babble(2.0)), "会议.wav").id)

    for _ in range(3):
        dispatcher_of(house).step()

    [(headers, body)] = receiver.came
    message = Signer(webhook.secret).verify(body, headers)
    assert message["type"] == "transcription.finished"
    assert (message["data"]["id"], message["data"]["name"], message["data"]["error"]) == (record.id, "会议.wav", None)
    assert record.text
    assert record.text not in body.decode()
    assert [each.state for each in webhooks_of(house).deliveries(10)] == [DeliveryState.DELIVERED]


def test_failures_and_cancellations_are_told_to_those_who_want_them(house: House, receiver: Receiver) -> None:
    webhooks_of(house).add(receiver.address, [WebhookEvent.FAILED])
    cancelled = house.submit(b"x")
    house.queue.cancel(cancelled.id)
    with house.working("EchoEngine"):
        failed = house.end_of(house.submit(b"this is no sound").id)

    dispatcher_of(house).step()

    [message] = told(receiver)
    assert message["type"] == "transcription.failed"
    assert message["data"]["id"] == failed.id
    assert message["data"]["error"] == "not_audio"


def test_a_receiver_that_is_down_gets_everything_when_it_comes_back(house: House, receiver: Receiver) -> None:
    """An hour passes by pauses of no length; the real ones fill a day."""
    webhooks_of(house).add(receiver.address)
    receiver.answers = [503, 0, 500]
    for _ in range(2):
        house.queue.cancel(house.submit(b"x").id)
    failing = dispatcher_of(house, (timedelta(0),) * 5)
    webhooks_of(house).add(receiver.address, [WebhookEvent.CANCELLED])
    for _ in range(2):
        house.queue.cancel(house.submit(b"x").id)

    for _ in range(4):
        failing.step()

    deliveries = webhooks_of(house).deliveries(10)
    assert {each.state for each in deliveries} == {DeliveryState.DELIVERED}
    assert max(each.attempts for each in deliveries) > 1
    ids = [headers["webhook-id"] for headers, _ in receiver.came]
    assert set(ids) == {each.id for each in deliveries}
    assert timedelta(hours=20) < sum(PAUSES, timedelta()) < timedelta(hours=28)


def test_between_attempts_a_pause_passes_and_the_last_failure_can_be_sent_again(
    house: House, receiver: Receiver
) -> None:
    hooks = webhooks_of(house)
    hooks.test(hooks.add(receiver.address).id)
    receiver.answers = [500, 302, 500]
    patient = dispatcher_of(house, (timedelta(hours=1), timedelta(0)))

    patient.step()
    patient.step()
    [waiting] = hooks.deliveries(1)
    assert (waiting.state, waiting.attempts, waiting.status, waiting.problem) == ("waiting", 1, 500, "HTTP 500")
    assert waiting.next_at
    assert timedelta(minutes=50) < waiting.next_at - datetime.now(UTC) < timedelta(minutes=70)
    assert len(receiver.came) == 1

    hooks.resend(waiting.id)
    hurried = dispatcher_of(house, (timedelta(0),))
    hurried.step()
    hurried.step()
    [failed] = hooks.deliveries(1)
    assert (failed.state, failed.next_at, failed.status) == ("failed", None, 500)
    assert all(headers.get("host") == receiver.address.removeprefix("http://") for headers, _ in receiver.came)

    hooks.resend(failed.id)
    hurried.step()
    assert [each.state for each in hooks.deliveries(1)] == [DeliveryState.DELIVERED]
    assert len({headers["webhook-id"] for headers, _ in receiver.came}) == 1


def test_a_receiver_that_says_it_is_gone_is_not_asked_again(house: House, receiver: Receiver) -> None:
    hooks = webhooks_of(house)
    hooks.test(hooks.add(receiver.address).id)
    receiver.answers = [410]

    dispatcher_of(house, PAUSES).step()

    assert [each.state for each in hooks.deliveries(1)] == [DeliveryState.FAILED]


def test_an_upload_may_name_a_receiver_of_its_own(house: House, receiver: Receiver) -> None:
    with house.queue.receive("call.wav", 100) as incoming:
        incoming.write(b"x")
        beside = webhooks_of(house).named_by_upload(f"{receiver.address}/once")
        id = house.queue.submit(incoming, TranscriptionOptions(), "api", beside).id
    other = house.submit(b"y")
    for each in (id, other.id):
        house.queue.cancel(each)

    dispatcher_of(house).step()

    [(headers, body)] = receiver.came
    assert Signer(own_secret(house.folder)).verify(body, headers)["data"]["id"] == id


def test_the_webhook_of_a_key_hears_of_its_recordings_alone(house: House, receiver: Receiver) -> None:
    accounts = Accounts(house.database, LoginRule(is_forced=True, is_waived=False, administrators_see_texts=False))
    accounts.begin("four words in a row")
    person = accounts.people.everybody()[0][0].id
    keys = [accounts.keys.create(person, name, [Permission.TRANSCRIBE])[0].id for name in ("one", "two")]
    webhooks_of(house).add(receiver.address, [WebhookEvent.CANCELLED], keys[0])
    jobs = []
    for number, key in enumerate(keys):
        with acting_as(Actor(person=person, key=key)):
            jobs.append(house.submit(f"{number}".encode()).id)
    for job in jobs:
        house.queue.cancel(job)

    dispatcher_of(house).step()
    accounts.keys.remove(person, keys[0])

    assert [message["data"]["id"] for message in told(receiver)] == [jobs[0]]
    assert webhooks_of(house).everything() == []


def test_the_end_of_a_batch_is_told_when_all_of_it_has_ended(house: House, receiver: Receiver) -> None:
    webhooks_of(house).add(receiver.address, [WebhookEvent.BATCH_FINISHED])
    uploads = UploadFiles(house.folder)
    desk = Desk(house, Batches(house.queue, uploads), BatchUploads(house.queue, uploads, lambda: 10**9))
    batch = desk.begin("calls")
    for number in range(3):
        desk.send(batch, f"{number}.wav", bytes([number]))
    ids = [item.transcription_id for item in desk.book.every_item(batch)]
    for id in ids[:2]:
        house.queue.cancel(id or "")
    dispatcher_of(house).step()
    assert receiver.came == []

    house.queue.cancel(ids[2] or "")
    dispatcher_of(house).step()
    dispatcher_of(house).step()

    [message] = told(receiver)
    assert message["data"] == {
        "id": batch,
        "name": "calls",
        "counts": {"cancelled": 3},
        "path": f"/api/v1/batches/{batch}",
    }


def test_telling_speakers_apart_later_is_no_second_end(house: House, receiver: Receiver) -> None:
    webhooks_of(house).add(receiver.address, list(WebhookEvent))
    uploads = UploadFiles(house.folder)
    desk = Desk(house, Batches(house.queue, uploads), BatchUploads(house.queue, uploads, lambda: 10**9))
    batch = desk.begin("calls")
    desk.send(batch, "a.wav", wav_bytes(babble(2.0)))
    [item] = desk.book.every_item(batch)
    id = item.transcription_id or ""
    with house.working("EchoEngine"):
        house.end_of(id)
        dispatcher_of(house).step()
        tell_speakers_apart(house.queue, id, "auto")
        house.end_of(id)
        dispatcher_of(house).step()

    assert sorted(message["type"] for message in told(receiver)) == ["batch.finished", "transcription.finished"]


def test_one_process_delivers_at_a_time(house: House, receiver: Receiver) -> None:
    hooks = webhooks_of(house)
    hooks.test(hooks.add(receiver.address).id)
    with closing(database_in(house.folder)) as another, another.alone_with(TASK) as is_alone:
        assert is_alone
        dispatcher_of(house).step()
        assert receiver.came == []

    dispatcher_of(house).step()
    assert len(receiver.came) == 1


def test_nothing_is_noted_where_nobody_wants_to_know(house: House, receiver: Receiver) -> None:
    house.queue.cancel(house.submit(b"x").id)
    webhooks_of(house).add(receiver.address, list(WebhookEvent))

    dispatcher_of(house).step()

    assert receiver.came == []


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com",
        "https://",
        "http://user:word@example.com/",
        "http://example.com:0/",
        "http://example.com:99999/",
        "http://exa mple.com/",
        "http://example.com/\nx",
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]:7860/",
        "http://[::ffff:10.1.1.1]/",
        "http://0.0.0.0/",
        "http://localhost:7860/",
        "http://2130706433/",
        "http://224.0.0.1/",
        "https://example.com/" + "x" * 2000,
    ],
)
def test_addresses_inside_and_unusable_ones_are_refused(house: House, url: str) -> None:
    with pytest.raises(WebhookAddressRefused):
        Webhooks(house.database, tuple, lambda: "").add(url)


def test_a_name_that_means_another_address_later_does_not_lead_inside(
    house: House, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: the name is public when the webhook is added, and private when it is used."""
    found = {"address": "93.184.216.34"}
    real = socket.getaddrinfo

    def resolve(host: str, port: int, **options: object) -> object:
        return real(found["address"] if host == "rebound.example" else host, port, **options)

    monkeypatch.setattr("app.services.webhooks.receivers.socket.getaddrinfo", resolve)
    hooks = Webhooks(house.database, tuple, lambda: "")
    hook = hooks.add("http://rebound.example:1234/")
    found["address"] = "127.0.0.1"
    hooks.test(hook.id)

    Dispatcher(house.database, tuple, lambda: "", AT_ONCE).step()

    assert receiver.came == []
    [delivery] = hooks.deliveries(1)
    assert "private network" in delivery.problem


def test_an_unknown_name_may_be_known_later(house: House) -> None:
    with pytest.raises(Unreachable):
        target_of("http://no-such-host.invalid/", ())
    assert Webhooks(house.database, tuple, lambda: "").add("http://no-such-host.invalid/").id


def test_there_is_a_bound_on_webhooks(house: House, receiver: Receiver) -> None:
    hooks = webhooks_of(house)
    for _ in range(MOST):
        hooks.add(receiver.address)

    with pytest.raises(TooManyWebhooks):
        hooks.add(receiver.address)


def test_what_waits_for_a_removed_webhook_is_dropped(house: House, receiver: Receiver) -> None:
    hooks = webhooks_of(house)
    hook = hooks.add(receiver.address)
    hooks.test(hook.id)

    hooks.remove(hook.id)
    dispatcher_of(house).step()

    assert receiver.came == []
    assert hooks.deliveries(5) == []


def test_the_secret_for_named_receivers_is_private_and_stays(tmp_path: Path) -> None:
    first = own_secret(tmp_path)

    assert own_secret(tmp_path) == first
    assert first.startswith("whsec_")
    assert (tmp_path / "webhook-secret").stat().st_mode & 0o077 == 0
