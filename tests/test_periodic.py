"""A step that fails each time is logged once, and once when it succeeds again."""

from __future__ import annotations

import logging

import pytest

from app.periodic import Periodic
from tests.waiting import wait_until


def test_a_failure_that_lasts_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    calls: list[str] = []

    def step() -> None:
        calls.append("")
        if len(calls) < 5:
            raise ValueError("locked")
        if len(calls) == 5:
            raise ValueError("damaged")

    with caplog.at_level(logging.INFO), Periodic("keeper", step, 0.01).running():
        wait_until(lambda: len(calls) > 8)

    assert [record.getMessage().split()[0] for record in caplog.records] == [
        "periodic_step_failed",
        "periodic_step_failed",
        "periodic_step_recovered",
    ]
    assert caplog.records[0].exc_info
