"""The log on standard error, for programs that collect logs."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.logging import bound, close_logging, event, setup_logging


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    close_logging()


def test_every_event_is_an_object_on_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    setup_logging(tmp_path, as_json=True)
    log = logging.getLogger("app.trial")

    with bound(request="ab12", job="cd34"):
        event(log, logging.INFO, "segment_finished", index=3, seconds=1.25, name='会议\n"1".wav', nothing=None)
    try:
        int("broken")
    except ValueError:
        event(log, logging.ERROR, "trial_failed", exc_info=True)

    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert first.pop("time").endswith("Z")
    assert first == {
        "level": "INFO",
        "logger": "app.trial",
        "event": "segment_finished",
        "request": "ab12",
        "job": "cd34",
        "fields": {"index": 3, "seconds": 1.25, "name": '会议\n"1".wav', "nothing": None},
    }
    assert second["traceback"].endswith("'broken'")
    assert "request" not in second
    assert "segment_finished index=3" in (tmp_path / "app.log").read_text(encoding="utf-8")


def test_without_it_only_warnings_come_as_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    setup_logging(tmp_path)
    log = logging.getLogger("app.trial")

    event(log, logging.INFO, "small")
    event(log, logging.WARNING, "large")

    [line] = capsys.readouterr().err.splitlines()
    assert line.endswith("app.trial large")
