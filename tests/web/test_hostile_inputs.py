"""Cases, JSON bodies, stored files and names that a seed has broken: refused with a reason, or taken; never a traceback.

benchmarks/hostile_inputs.py does the same with thousands.
"""

from __future__ import annotations

import random
import warnings
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.engine import EngineSpec
from app.main import create_app
from app.settings import Settings
from tests.conftest import data_folder
from tests.hostile_inputs import (
    case_of_a_recording,
    changed_json,
    json_text,
    wrong_answers_to_json,
    wrong_cases,
    wrong_names,
)
from tests.web.contract import existing

SEED = 20261130
STORED = {
    "settings.json": {"vad_mode": 3, "threads": 1, "max_segment_ms": 20_000, "language": "zh"},
    "settings-refused.json": {
        "values": {"device": "cuda"},
        "problem": {"code": "device_unavailable", "message": "m", "advice": "a", "params": {"device": "cuda"}},
    },
    "models.json": {"model": "builtin", "previous": "", "folders": {"a": "/nowhere"}, "refused": "b", "problem": None},
}


def test_a_changed_body_is_refused_or_taken(client: TestClient) -> None:
    wrong = list(wrong_answers_to_json(client, existing(client), count=260, seed=SEED))

    assert not wrong, "\n".join(wrong)


def test_a_name_is_text_on_every_page(client: TestClient) -> None:
    wrong = list(wrong_names(client, count=15, seed=SEED))

    assert not wrong, "\n".join(wrong)


def test_a_changed_case_is_refused_or_read(settings: Settings, tmp_path: Path) -> None:
    spec = EngineSpec(tmp_path, factory="tests.fakes:EchoEngine")
    with TestClient(create_app(settings, spec=spec), base_url="http://127.0.0.1") as client:
        case = case_of_a_recording(client)
    with warnings.catch_warnings(action="ignore", category=UserWarning):  # zipfile's, of names that come twice
        wrong = list(wrong_cases(case, tmp_path, count=150, seed=SEED))

    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", STORED)
def test_a_server_starts_with_whatever_a_stored_file_holds(tmp_path: Path, empty: Path, name: str) -> None:
    for number in range(6):
        chance = random.Random(f"{SEED}-{number}")
        content = json_text(changed_json(STORED[name], chance), chance)
        check_start(data_folder(tmp_path / str(number), empty), name, content)


@pytest.mark.parametrize("name", STORED)
@pytest.mark.parametrize("content", [b"[" * 100_000, b"", b"\0" * 500, b"\xff\xfe", b"null", b'{"a": 1', b"9" * 9000])
def test_a_server_starts_with_a_stored_file_of_nonsense(tmp_path: Path, empty: Path, name: str, content: bytes) -> None:
    check_start(data_folder(tmp_path / "data", empty), name, content)


def check_start(data_dir: Path, name: str, content: bytes) -> None:
    (data_dir / name).write_bytes(content)
    settings = Settings(data_dir=data_dir, log_dir=data_dir / "logs")
    with TestClient(create_app(settings, start_worker=False), base_url="http://127.0.0.1") as client:
        for page in ("/settings", "/models", "/api/v1/settings", "/api/v1/models", "/"):
            assert client.get(page).status_code == 200, (page, content[:200])
        answer = client.patch("/api/v1/settings", json={"values": {"vad_mode": 1}})
        assert answer.status_code == 200, answer.text
