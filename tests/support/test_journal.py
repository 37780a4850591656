"""The action journal: bounded, without duplicates, and told in sentences that others can follow."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from app.i18n import translator
from app.support.journal import KEPT_DAYS, MOST_BROWSERS, MOST_ENTRIES, Entry, Journal
from app.support.journal_wording import tell_actions

BROWSER = "0123456789abcdef"


def entry(number: int, kind: str = "press", **facts: object) -> Entry:
    return Entry(number, "2026-11-22T18:57:01.123Z", kind, **({"page": "/", "control": f"c{number}"} | facts))  # type: ignore[arg-type]


def test_what_was_told_twice_is_kept_once(tmp_path: Path) -> None:
    journal = Journal(tmp_path)

    journal.write(BROWSER, {"user_agent": "a"}, [entry(0), entry(1)])
    journal.write(BROWSER, {"window": "1 x 2"}, [entry(1), entry(2)])

    session = journal.read(BROWSER)
    assert [each.number for each in session.entries] == [0, 1, 2]
    assert session.browser == {"user_agent": "a", "window": "1 x 2"}


def test_the_oldest_entries_and_browsers_are_forgotten(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.write(BROWSER, {}, [entry(number) for number in range(MOST_ENTRIES + 50)])
    for number in range(MOST_BROWSERS + 5):
        journal.write(f"{number:016x}", {}, [entry(0)])

    assert len(list(tmp_path.glob("*.jsonl"))) <= MOST_BROWSERS
    journal.write(BROWSER, {}, [entry(number) for number in range(MOST_ENTRIES + 50)])
    assert journal.read(BROWSER).entries[0].number == 50


def test_a_journal_is_forgotten_after_a_week(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.write(BROWSER, {}, [entry(0)])
    old = time.time() - (KEPT_DAYS + 1) * 86_400
    os.utime(tmp_path / f"{BROWSER}.jsonl", (old, old))

    journal.write("fedcba9876543210", {}, [entry(0)])

    assert journal.read(BROWSER).entries == ()


def test_a_browser_is_found_by_one_of_its_requests(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.write(BROWSER, {}, [entry(0, "request", request="r7", status=201)])

    assert journal.find({"r7"}) == BROWSER
    assert journal.find({"r8"}) == ""
    assert journal.find(()) == ""


@pytest.mark.parametrize("id", ["../../app", "", "x" * 20, "0123"])
def test_only_ids_that_a_page_makes_become_files(tmp_path: Path, id: str) -> None:
    with pytest.raises(ValueError):
        Journal(tmp_path / "journal").write(id, {}, [entry(0)])

    assert list(tmp_path.iterdir()) == []


DEEP = "[" * 900 + "]" * 900
WHOLE = '{"number": 4, "at": "2026-11-22T18:57:01.123Z", "kind": "press", "control": "a\u2028b"}'


@pytest.mark.parametrize(
    "broken", ["not json", DEEP, "[" * 100_000, '{"number": 1}', '{"number": "x", "at": "", "kind": ""}', "7", "\x00"]
)
def test_a_broken_entry_hides_no_other(tmp_path: Path, broken: str) -> None:
    (tmp_path / f"{BROWSER}.jsonl").write_text(f"{broken}\n{broken}\n{WHOLE}\n{broken}\n")

    assert [each.number for each in Journal(tmp_path).read(BROWSER).entries] == [4]


def test_no_code_point_breaks_a_journal(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.write(BROWSER, {"a\u2028": "b\ud800"}, [entry(0), entry(1, control="x\u2028\u2029\x85\ud800\n"), entry(2)])

    session = journal.read(BROWSER)
    assert [each.number for each in session.entries] == [0, 1, 2]
    assert "\u2028" not in str(session)
    str(session).encode()


@pytest.mark.parametrize("told", [{"a": [[[[[]]]]]}, {"a": "x" * 20_000}])
def test_a_browser_that_says_too_much_is_refused(tmp_path: Path, told: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="than"):
        Journal(tmp_path).write(BROWSER, told, [entry(0)])


ACTIONS = [
    entry(0, "page", page="/history", control=""),
    entry(1, "press", control="Delete"),
    entry(2, "page", control=""),
    entry(3, "files", control="Recording", value="1 × .mp3, 1234 B"),
    entry(4, "change", control="Language", value="en"),
    entry(5, "change", control="Language", value="zh"),
    entry(6, "type", control="Hotwords", value="4"),
    entry(7, "type", control="Hotwords", value="9"),
    entry(8, "press", control="Start"),
    entry(9, "request", control="POST /api/v1/transcriptions", status=201, request="mine"),
    entry(10, "request", control="GET /api/v1/transcriptions/1", status=500, request="r2"),
    entry(11, "error", control="", value="x is not a function"),
]


def test_the_steps_begin_on_the_page_that_asked_for_the_job() -> None:
    assert tell_actions(ACTIONS, {"mine"}, str) == [
        "Open the page /.",
        "Choose files: 1 × .mp3, 1234 B.",
        "Set “Language” to zh.",
        "Type into “Hotwords” (9 characters).",
        "Press “Start”.",
        "The server answered GET /api/v1/transcriptions/1 with status 500 (request r2).",
        "The browser reported: x is not a function",
    ]


def test_the_steps_are_told_in_chinese() -> None:
    steps = tell_actions(ACTIONS, {"mine"}, translator("zh"))

    assert steps[0] == "打开页面 /。"
    assert steps[4] == "点击“Start”。"


def test_without_a_request_of_the_job_the_latest_are_told() -> None:
    assert tell_actions(ACTIONS, {"unknown"}, str)[0] == "Open the page /history."
