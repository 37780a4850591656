"""How values are formatted in pages."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest

from app.formats.reader import clock
from app.web.templating import excerpt, filesize, moment
from tests.conftest import REPOSITORY
from tests.examples import examples


@pytest.mark.parametrize("example", examples("formats"), ids=str)
def test_lengths_and_sizes_are_written_as_the_pages_write_them(example: dict[str, Any]) -> None:
    written = clock(example["clock"]) if "clock" in example else filesize(example["filesize"])

    assert written == example["text"]


def test_a_moment_is_written_in_utc_until_the_browser_knows_better() -> None:
    assert moment("2026-11-22T18:57:01.123Z") == "2026-11-22 18:57"


def test_an_excerpt_shows_and_marks_the_word_that_was_searched_for() -> None:
    text = "前" * 100 + "Budget 预算" + "后" * 300

    shown = str(excerpt(text, "budget 没有"))

    assert "<mark>Budget</mark> 预算" in shown
    assert shown.startswith("…")
    assert len(shown) < 260


def test_an_excerpt_is_text_never_markup() -> None:
    assert str(excerpt("<script>alert(1)</script>", "alert")) == "&lt;script&gt;<mark>alert</mark>(1)&lt;/script&gt;"


class Dialogs(HTMLParser):
    """The first button that submits, of each form in a dialog that has a field to write in."""

    def __init__(self) -> None:
        super().__init__()
        self.firsts: list[str] = []
        self._has_field = False
        self._first: str | None = None
        self._dialog = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "dialog":
            self._dialog, self._has_field, self._first = True, False, None
        elif tag == "textarea" or (tag == "input" and values.get("type", "text") in ("text", "search")):
            self._has_field = True
        elif tag == "button" and values.get("type", "submit") == "submit" and self._first is None:
            self._first = values.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "dialog" and self._dialog:
            self._dialog = False
            if self._has_field:
                self.firsts.append(self._first or "")


def test_enter_in_a_dialog_does_what_the_dialog_is_for() -> None:
    firsts: dict[str, list[str]] = {}
    for path in sorted((REPOSITORY / "templates").rglob("*.html")):
        dialogs = Dialogs()
        dialogs.feed(path.read_text(encoding="utf-8"))
        firsts |= {path.name: dialogs.firsts} if dialogs.firsts else {}

    assert {
        "transcription.html": ["save"],
        "_saved_lists.html": ["save"],
        "_retranscribe.html": ["retranscribe"],
    }.items() <= (firsts.items())
    assert all(value not in ("", "keep", "close", "cancel") for values in firsts.values() for value in values)
