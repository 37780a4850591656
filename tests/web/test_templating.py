"""How values are written in pages."""

from __future__ import annotations

import pytest

from app.web.templating import clock, excerpt, filesize, moment


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0, "0:00"), (7.9, "0:07"), (750, "12:30"), (3723, "1:02:03")]
)
def test_a_position_is_written_as_on_a_clock(seconds: float, expected: str) -> None:
    assert clock(seconds) == expected


@pytest.mark.parametrize(
    ("size", "expected"), [(0, "0 B"), (512, "512 B"), (3_565_158, "3.4 MB"), (2 * 1024**3, "2 GB")]
)
def test_a_size_is_written_as_people_say_it(size: int, expected: str) -> None:
    assert filesize(size) == expected


def test_a_moment_is_written_in_utc_until_the_browser_knows_better() -> None:
    assert moment("2026-11-22T18:57:01.123Z") == "2026-11-22 18:57"


def test_an_excerpt_shows_and_marks_the_word_that_was_searched_for() -> None:
    text = "前" * 100 + "Budget 预算" + "后" * 300

    shown = str(excerpt(text, "budget 没有"))

    assert "<mark>Budget</mark> 预算" in shown
    assert shown.startswith("…")
    assert len(shown) < 260


def test_an_excerpt_is_text_never_markup() -> None:
    assert (
        str(excerpt("<script>alert(1)</script>", "alert"))
        == "&lt;script&gt;<mark>alert</mark>(1)&lt;/script&gt;"
    )
