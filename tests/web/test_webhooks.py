"""Webhooks over HTTP: added, tried, seen, sent again, removed; a real server tells a real receiver."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from standardwebhooks import Webhook as Signer
from starlette.testclient import TestClient

from tests.conftest import REPOSITORY
from tests.receiver import Receiver, receiving
from tests.waiting import PATIENCE_SECONDS, wait_until
from tests.web.conftest import API, Server

WEBHOOKS = "/api/v1/webhooks"


@pytest.fixture(name="receiver")
def _receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def test_a_server_tells_what_happened_and_what_became_of_it(
    start_server: Callable[..., Server], receiver: Receiver
) -> None:
    with start_server(webhook_networks="127.0.0.0/8").client() as remote:
        added = remote.post(WEBHOOKS, json={"url": receiver.address, "events": ["transcription.cancelled"]})
        assert added.status_code == 201
        assert "secret" not in remote.get(WEBHOOKS).text
        form = {"webhook_url": f"{receiver.address}/once"}
        id = remote.post(API, files={"file": ("a.wav", b"RIFF", "audio/wav")}, data=form).json()["id"]
        remote.post(f"{API}/{id}/cancel")
        wait_until(lambda: len(receiver.came) == 2)
        found = remote.get(f"{WEBHOOKS}/deliveries").json()["deliveries"]
        own = remote.get(f"{WEBHOOKS}/secret").json()["secret"]

        secrets = {each["id"]: added.json()["secret"] if each["webhook_id"] else own for each in found}
        for headers, body in receiver.came:
            message = Signer(secrets[headers["webhook-id"]]).verify(body, headers)
            assert (message["type"], message["data"]["id"]) == ("transcription.cancelled", id)
        wait_until(lambda: "waiting" not in remote.get(f"{WEBHOOKS}/deliveries").text)

        assert remote.post(f"{WEBHOOKS}/deliveries/{found[0]['id']}/resend").status_code == 202
        assert remote.post(f"{WEBHOOKS}/{added.json()['id']}/test").json()["event"] == "test"
        wait_until(lambda: len(receiver.came) == 4)
        assert remote.delete(f"{WEBHOOKS}/{added.json()['id']}").status_code == 204
        assert remote.get(WEBHOOKS).json() == {"webhooks": []}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"url": "http://10.0.0.1/"}, "webhook_address_refused"),
        ({"url": "nonsense"}, "webhook_address_refused"),
        ({"url": "https://93.184.216.34/", "events": []}, "invalid_parameter"),
        ({"url": "https://93.184.216.34/", "events": ["all"]}, "invalid_parameter"),
        ({}, "invalid_parameter"),
    ],
)
def test_what_cannot_be_is_refused(client: TestClient, body: dict[str, object], code: str) -> None:
    answer = client.post(WEBHOOKS, json=body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (422, code)


def test_an_upload_with_a_receiver_that_may_not_be_is_refused_whole(client: TestClient) -> None:
    form = {"webhook_url": "http://127.0.0.1:1/"}
    answer = client.post(API, files={"file": ("a.wav", b"RIFF", "audio/wav")}, data=form)

    assert answer.json()["error"]["code"] == "webhook_address_refused"
    assert client.get(API).json()["total"] == 0


def test_unknown_ones_are_said_to_be_unknown(client: TestClient) -> None:
    assert client.delete(f"{WEBHOOKS}/nope").json()["error"]["code"] == "webhook_not_found"
    assert client.post(f"{WEBHOOKS}/nope/test").json()["error"]["code"] == "webhook_not_found"
    assert client.post(f"{WEBHOOKS}/deliveries/nope/resend").json()["error"]["code"] == "delivery_not_found"


def test_the_receiver_of_the_documentation_checks_a_signature(receiver: Receiver) -> None:
    page = (REPOSITORY / "docs" / "webhooks.md").read_text(encoding="utf-8")
    [example] = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    check = example + "\nfrom datetime import datetime, UTC\nnow = datetime.now(UTC)\n"
    check += "signed = {'webhook-id': 'm', 'webhook-timestamp': str(int(now.timestamp())),"
    check += " 'webhook-signature': Webhook(SECRET).sign('m', now, '{\"type\":\"test\"}')}\n"
    check += "print(checked(b'{\"type\":\"test\"}', signed)['type'])\n"

    ran = subprocess.run(
        [sys.executable, "-c", check], capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS
    )

    assert (ran.stdout.strip(), ran.returncode) == ("test", 0), ran.stderr
    assert json.loads(re.findall(r"```json\n(.*?)```", page, re.DOTALL)[0])["type"] == "transcription.finished"
