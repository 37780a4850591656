"""WebSockets that nobody speaks into are bounded, whatever they speak."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from starlette.testclient import TestClient, WebSocketDenialResponse

from app.main import create_app
from app.settings import Settings

PATHS = ("/api/v1/live", "/v1/realtime?intent=transcription", "/ws/funasr")


@pytest.fixture(name="few")
def _few(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setattr("app.web.middleware.socket_limit.LEAST", 3)
    monkeypatch.setattr("app.web.middleware.socket_limit.MOST_PER_SESSION", 0)
    with TestClient(create_app(settings, start_worker=False), base_url="http://127.0.0.1") as client:
        yield client


@pytest.mark.parametrize("path", PATHS)
def test_one_socket_too_many_is_refused_with_its_reason(few: TestClient, path: str) -> None:
    with ExitStack() as stack:
        for each in PATHS:
            stack.enter_context(few.websocket_connect(f"ws://127.0.0.1{each}"))
        with pytest.raises(WebSocketDenialResponse) as refused, few.websocket_connect(f"ws://127.0.0.1{path}"):
            pass

    assert refused.value.status_code == 503
    assert "too_many_sockets" in refused.value.text
    with few.websocket_connect(f"ws://127.0.0.1{path}"):  # those who left make room
        pass
