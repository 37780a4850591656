"""Counting errors, and marking the differences between two texts."""

from __future__ import annotations

import pytest

from app.domain.comparisons.scoring import PieceKind, edits, error_rate, is_by_character, marked, pieces, spread, units


@pytest.mark.parametrize(
    ("said", "heard", "count"),
    [
        ("", "", 0),
        ("a b c", "", 3),
        ("", "a b", 2),
        ("the quick fox", "The quick, fox!", 0),
        ("the quick fox", "the quick brown fox", 1),
        ("我们去北京", "我们在北京市", 2),
        ("a b c d", "b c d e", 2),
    ],
)
def test_the_fewest_changes_are_counted(said: str, heard: str, count: int) -> None:
    assert edits(units(said), units(heard)) == count


def test_errors_are_a_share_of_what_was_said() -> None:
    assert error_rate([("one two", "one too"), ("three four", "three four")]) == 0.25


@pytest.mark.parametrize(
    ("first", "second", "shown"),
    [
        ("one two three", "one two three", "one two three"),
        ("one two three", "One too three.", "One [too] three."),
        ("我们去北京", "我们去了北京", "我们去[了]北京"),
        ("我们去北京", "我们北京", "我们[-去-] 北京"),
    ],
)
def test_what_differs_stands_in_brackets(first: str, second: str, shown: str) -> None:
    assert marked(first, second) == shown


def test_what_is_missing_is_shown_as_the_first_text_wrote_it() -> None:
    found = pieces("We met Anna there.", "We met there.")

    assert [(piece.text, piece.kind) for piece in found] == [
        ("We met ", PieceKind.SAME),
        ("Anna", PieceKind.MISSING),
        ("there.", PieceKind.SAME),
    ]


def test_marks_and_capitals_make_no_difference() -> None:
    assert [piece.kind for piece in pieces("Good morning.", "good, morning")] == [PieceKind.SAME]


@pytest.mark.parametrize(
    ("text", "is_cer"), [("今天很 sunny", True), ("a b c", False), ("", False), ("안녕하세요", True)]
)
def test_chinese_is_counted_by_characters_and_english_by_words(text: str, is_cer: bool) -> None:
    assert is_by_character(text) is is_cer


@pytest.mark.parametrize(
    ("reference", "texts", "parts"),
    [
        ("一二三四", ["一二", "三四"], ["一二", "三四"]),
        ("一二三四", ["一", "", "三四"], ["一二", "", "三四"]),
        ("One two. Three four!", ["one to", "three for"], ["One two. ", "Three four!"]),
        ("a b c", ["x", "y"], ["a b ", "c"]),
        ("", ["x", "y"], ["", ""]),
        ("a b", ["", ""], ["", ""]),
    ],
)
def test_a_reference_is_laid_beside_the_segments(reference: str, texts: list[str], parts: list[str]) -> None:
    assert spread(reference, texts) == parts
