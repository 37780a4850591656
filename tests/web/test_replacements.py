"""Rules of replacement: for every recording by the settings, for one by its options, and tried before they are saved."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from app.engine import EngineSpec
from app.main import create_app
from app.settings import Settings
from tests.engine.sounds import babble, silence, wav_bytes
from tests.waiting import wait_until
from tests.web.conftest import API


@pytest.fixture(name="working")
def _working(settings: Settings, tmp_path: Path) -> Iterator[TestClient]:
    """A server whose engine says `Level 2.` for each piece."""
    spec = EngineSpec(tmp_path, factory="tests.fakes:EchoEngine")
    with TestClient(
        create_app(settings, spec=spec), base_url="http://127.0.0.1", headers={"accept-language": "en"}
    ) as client:
        yield client


def transcribed(client: TestClient, **options: str) -> dict[str, Any]:
    samples = np.concatenate([silence(0.4), babble(1.2), silence(1.2), babble(1.2), silence(0.4)])
    file = {"file": ("a.wav", wav_bytes((samples * 32767).astype(np.int16)))}
    path = client.post(API, files=file, data=options).headers["location"]
    wait_until(lambda: client.get(path).json()["state"] not in ("queued", "running"))
    return dict(client.get(path).json())


def receipt_of(job: dict[str, Any]) -> dict[str, str]:
    return {line["asked"]: line["reason"] for line in job["receipt"] if line["name"] == "replacement"}


def test_rules_of_a_request_change_the_text_and_are_told_with_their_counts(working: TestClient) -> None:
    job = transcribed(working, replacements="Level => Stufe\nword: nothing => x")

    assert job["text"] == "Stufe 2. Stufe 2."
    assert job["text_raw"] == "level 2 level 2"
    assert receipt_of(job) == {"Level => Stufe": "Places that the rule changed: 2"}
    words = job["segments"][0]["words"]
    assert [(word["text"], word["was"]) for word in words] == [("Stufe", "Level"), ("2.", "")]
    assert "Stufe" not in working.get(f"{API}/{job['id']}/log").text
    assert job["options"]["replacements"] == ["Level => Stufe", "word: nothing => x"]


def test_rules_of_the_settings_hold_until_a_request_has_its_own(working: TestClient) -> None:
    answer = working.patch("/api/v1/settings", json={"values": {"replacements": "Level => Niveau"}})
    assert answer.status_code == 200

    assert transcribed(working)["text"] == "Niveau 2. Niveau 2."
    assert transcribed(working, replacements=json.dumps([{"wrong": "2", "right": "two"}]))["text"] == (
        "Level two. Level two."
    )
    assert transcribed(working, replacements="")["text"] == "Level 2. Level 2."


def test_what_is_no_rule_is_refused_with_its_reason(client: TestClient) -> None:
    answer = client.post(API, files={"file": ("a.wav", b"sound")}, data={"replacements": "no arrow"})
    setting = client.patch("/api/v1/settings", json={"values": {"replacements": "regex: ( => x"}})

    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_parameter")
    assert setting.status_code == 422
    assert setting.json()["error"]["field"] == "replacements"


def test_rules_are_tried_on_a_text_that_stays_as_it_is(working: TestClient) -> None:
    job = transcribed(working)
    answer = working.post(f"{API}/{job['id']}/replacements", json={"rules": "Level => Stufe\nx => y"}).json()

    assert [(place["before"], place["after"]) for place in answer["places"]] == [("Level 2.", "Stufe 2.")] * 2
    assert [(rule["rule"], rule["count"]) for rule in answer["rules"]] == [("Level => Stufe", 2), ("x => y", 0)]
    assert (answer["total"], answer["is_whole"]) == (2, True)
    assert working.get(f"{API}/{job['id']}").json()["text"] == job["text"]


def test_a_case_without_the_text_has_no_rules(working: TestClient) -> None:
    job = transcribed(working, replacements="Level => Geheimnis")
    case = working.get(f"{API}/{job['id']}/case", params={"audio": "hash"})

    preview = working.get(f"{API}/{job['id']}/case/preview").text
    assert case.status_code == 200
    assert "=> Geheimnis" not in preview
