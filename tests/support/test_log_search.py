"""Searching the log: filters, following it across rotations, and no line missed or repeated."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.logging import bound, close_logging, event, setup_logging
from app.support.log_search import Filter, Page, files_of, latest, matching_text, since

ALL = Filter()
log = logging.getLogger("app.tests")


@pytest.fixture(name="log_dir")
def _log_dir(tmp_path: Path) -> Iterator[Path]:
    setup_logging(tmp_path, "DEBUG")
    yield tmp_path
    close_logging()


def write(name: str, level: int = logging.INFO, **facts: object) -> None:
    event(log, level, name, **facts)


def names(page: Page) -> list[str]:
    return [entry.text.split()[5] for entry in page.entries]


def test_the_newest_entries_come_in_the_order_of_time(log_dir: Path) -> None:
    for number in range(7):
        write(f"event_{number}")

    page = latest(log_dir, ALL, 3)

    assert names(page) == ["event_4", "event_5", "event_6"]
    assert page.is_cut


def test_each_filter_leaves_what_fits(log_dir: Path) -> None:
    write("quiet", logging.DEBUG)
    with bound(request="r1", job="j1"):
        write("loud", logging.ERROR, file="会议.wav")
    write("other", logging.WARNING)

    assert names(latest(log_dir, Filter(level="WARNING"), 10)) == ["loud", "other"]
    assert names(latest(log_dir, Filter(job="j1"), 10)) == ["loud"]
    assert names(latest(log_dir, Filter(request="r1"), 10)) == ["loud"]
    assert names(latest(log_dir, Filter(text="会议"), 10)) == ["loud"]
    assert names(latest(log_dir, Filter(text="LOUD"), 10)) == ["loud"]


def test_a_traceback_stays_with_its_entry(log_dir: Path) -> None:
    event(log, logging.ERROR, "failed", exc_info=ValueError("the very reason"))

    [entry] = latest(log_dir, Filter(text="the very reason"), 10).entries

    assert entry.text.count("\n") >= 1
    assert entry.level == "ERROR"


def test_whoever_follows_sees_every_entry_once_across_rotations(tmp_path: Path) -> None:
    setup_logging(tmp_path, "INFO", file_mb=1)
    try:
        write("first")
        place = latest(tmp_path, ALL, 10).place
        seen: list[str] = []
        for number in range(60):
            write(f"event_{number}", filler="x" * 50_000)
            if number % 7 == 0:
                page = since(tmp_path, place, ALL, 1000)
                place = page.place
                seen += names(page)
        seen += names(since(tmp_path, place, ALL, 1000))
    finally:
        close_logging()

    assert len(files_of(tmp_path)) > 2
    assert seen == [f"event_{number}" for number in range(60)]


def test_a_line_that_is_still_being_written_waits(log_dir: Path) -> None:
    write("whole")
    place = latest(log_dir, ALL, 10).place
    with (log_dir / "app.log").open("a", encoding="utf-8") as file:
        file.write("2026-11-22T18:57:01.123Z INFO request=- job=- app.x ha")
        file.flush()
        half = since(log_dir, place, ALL, 10)
        file.write("lf\n")

    assert half.entries == ()
    assert names(since(log_dir, half.place, ALL, 10)) == ["half"]


def test_the_download_has_everything_that_fits_the_oldest_first(log_dir: Path) -> None:
    for number in range(5):
        write(f"event_{number}", logging.ERROR if number % 2 else logging.INFO)

    text = "".join(matching_text(log_dir, Filter(level="ERROR")))

    assert [line.split()[5] for line in text.splitlines()] == ["event_1", "event_3"]


def test_no_log_is_no_error(tmp_path: Path) -> None:
    assert latest(tmp_path, ALL, 10).entries == ()
    assert since(tmp_path, "1:2", ALL, 10).entries == ()
