"""What the description of the API says is how the server behaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.engine import EngineSpec
from app.main import create_app
from app.settings import Settings
from tests.web.contract import existing, findings

EXAMPLES = 2
SEED = 15


def test_every_answer_is_one_that_the_description_tells(client: TestClient) -> None:
    ids = existing(client)
    found = list(findings(client, ids, examples=EXAMPLES, start=SEED))
    assert not found, "\n".join(map(str, found))


def test_so_is_every_answer_that_waits_for_a_job(settings: Settings, tmp_path: Path) -> None:
    spec = EngineSpec(tmp_path, factory="tests.fakes:EchoEngine")
    with TestClient(
        create_app(settings, spec=spec), base_url="http://127.0.0.1", raise_server_exceptions=False
    ) as client:
        found = list(findings(client, {}, examples=8, start=SEED, has_worker=True))
    assert not found, "\n".join(map(str, found))


def test_a_body_that_is_no_text_is_refused_like_any_other(client: TestClient) -> None:
    answer = client.post("/api/v1/batches", content=b'{"name": "\xff"}', headers={"content-type": "application/json"})

    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "invalid_parameter"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v1/batches", {"name": "calls", "nmae": "x"}),
        ("/api/v1/batches", {"name": "calls", "options": {"itn": "true"}}),
        ("/api/v1/history/delete", {"ids": ["x"], "all": True}),
        ("/api/v1/trash/undo", {"undo": 1_790_000_000}),
        ("/api/v1/models/folders", {"path": 7}),
    ],
)
def test_unknown_members_and_wrong_types_are_refused(client: TestClient, path: str, body: dict[str, Any]) -> None:
    assert client.post(path, json=body).status_code == 422


@pytest.mark.parametrize("moment", ["-4e-169", "1790000000", "nan", "0"])
def test_a_number_is_no_moment(client: TestClient, moment: str) -> None:
    assert client.get("/api/v1/transcriptions", params={"since": moment}).status_code == 422
    assert client.get("/api/v1/transcriptions", params={"since": "2026-11-01T00:00:00Z"}).status_code == 200


@pytest.mark.parametrize("position", [-1, 0, 2**31, 2**63, 10**30])
def test_any_position_of_an_order_is_answered(client: TestClient, position: int) -> None:
    batch = existing(client)["/api/v1/batches/"]

    for order in ({"positions": [position]}, {"positions": [0, 0]}, {"positions": [0], "before": position}):
        assert client.post(f"/api/v1/batches/{batch}/order", json=order).status_code in (200, 422)
