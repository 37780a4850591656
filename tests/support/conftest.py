"""The data folders of the services' tests, whose recordings are read by processes that these tests share."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from app.engine.preparation.pool import PreparationPool
from tests.services.conftest import _house  # noqa: F401 - the fixture `house`


@pytest.fixture(autouse=True)
def _shared_pool(pool: PreparationPool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let cases, replays and the doctor read files with the same processes: each would start its own."""
    monkeypatch.setattr("app.engine.preparation.preparation.PreparationPool", lambda: nullcontext(pool))
