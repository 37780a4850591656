"""What the page of a transcript shows beside its paragraphs."""

from __future__ import annotations

from app.domain.edits import EditedText
from app.domain.transcription import SegmentRecord
from app.web.pages.paragraphs import first_rows


def segment(index: int, language: str, emotion: str = "") -> SegmentRecord:
    times = (float(index), index + 0.9)
    return SegmentRecord(*times, "好", "好", 0.9, index=index, state="done", language=language, emotion=emotion)


def test_a_language_is_named_where_it_is_another_one_than_before() -> None:
    told = ["zh", "zh", "", "yue", "yue", "de", "zh"]
    segments = [segment(index, language) for index, language in enumerate(told)]

    rows = first_rows(segments, EditedText(0, None, ()))

    assert [row.sounds for row in rows] == [
        ("Chinese",),
        (),
        (),
        ("Cantonese",),
        (),
        ("Deutsch",),
        ("Chinese",),
    ]


def test_what_else_was_heard_follows_the_language() -> None:
    rows = first_rows([segment(0, "en", "happy"), segment(1, "", "neutral")], EditedText(0, None, ()))

    assert [row.sounds for row in rows] == [("English", "Happy"), ()]
