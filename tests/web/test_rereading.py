"""Stretches of a recording are read once more with other options; nothing is stored by that."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.engine import EngineSpec
from app.main import create_app
from app.settings import Settings
from tests.web.conftest import API
from tests.web.test_replacements import transcribed
from tests.web.test_transcriptions import code_of, send


@pytest.fixture(name="working")
def _working(settings: Settings, tmp_path: Path) -> Iterator[TestClient]:
    spec = EngineSpec(tmp_path, factory="tests.fakes:EchoEngine")
    with TestClient(
        create_app(settings, spec=spec), base_url="http://127.0.0.1", headers={"accept-language": "en"}
    ) as client:
        yield client


def test_a_stretch_is_read_again_with_other_options(working: TestClient) -> None:
    job = transcribed(working)
    stretches = [{"start": each["start"], "end": each["end"]} for each in job["segments"]]
    body = {"stretches": stretches, "options": {"replacements": "Level => Again"}}
    answer = working.post(f"{API}/{job['id']}/reread", json=body)

    assert [each["text"] for each in answer.json()["stretches"]] == ["Again 2.", "Again 2."]
    assert working.get(f"{API}/{job['id']}").json()["text"] == job["text"]
    assert working.get(API).json()["total"] == 1


@pytest.mark.parametrize("stretch", [(0, 61), (2, 2), (3, 1), (500, 501)])
def test_a_stretch_that_cannot_be_read_is_refused(working: TestClient, stretch: tuple[float, float]) -> None:
    job = transcribed(working)
    body = {"stretches": [{"start": stretch[0], "end": stretch[1]}]}

    answer = working.post(f"{API}/{job['id']}/reread", json=body)

    assert code_of(answer) == (422, "invalid_parameter")


def test_other_models_and_channels_must_be_there(working: TestClient) -> None:
    job = transcribed(working)
    stretch = {"start": 0, "end": 1}
    path = f"{API}/{job['id']}/reread"

    model = working.post(path, json={"stretches": [stretch], "options": {"model": "nowhere"}})
    channel = working.post(path, json={"stretches": [stretch | {"channel": 3}]})

    assert code_of(model) == (404, "model_unknown")
    assert code_of(channel) == (422, "invalid_parameter")


def test_a_server_without_a_worker_says_so(client: TestClient) -> None:
    answer = client.post(f"{send(client)}/reread", json={"stretches": [{"start": 0, "end": 1}]})

    assert code_of(answer) == (409, "recognition_elsewhere")
