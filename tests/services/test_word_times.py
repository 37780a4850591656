"""Times of the words of a manually edited text."""

from __future__ import annotations

from itertools import pairwise

import pytest

from app.domain.transcript import Word
from app.domain.word_times import aligned, reword, tokens_of


def heard(*texts: str) -> list[Word]:
    """One word each second."""
    return [Word(text, float(at), at + 1.0, 0.5, "raw") for at, text in enumerate(texts)]


def times(words: list[Word]) -> list[tuple[str, float, float]]:
    return [(word.text, round(word.start, 2), round(word.end, 2)) for word in words]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("今天好。", ["今", "天", "好。"]),
        ("See you at 9:30, ok?", ["See", "you", "at", "9:30,", "ok?"]),
        ("用Python写了35行", ["用", "Python", "写", "了", "35", "行"]),
        ("他说：“你好”。", ["他", "说：", "“你", "好”。"]),
        ("(net) 35%的", ["(net)", "35%", "的"]),
        ("你好 - 再见", ["你", "好 -", "再", "见"]),
        (" 。", []),
    ],
)
def test_a_text_is_cut_into_words_with_their_marks(text: str, words: list[str]) -> None:
    assert [text[token.begin : token.end] for token in tokens_of(text)] == words


def test_unchanged_words_keep_times_probability_and_spoken_form() -> None:
    words = heard("今", "天", "2025年", "好。")

    assert reword(words, "今天2025年好。") == words


def test_a_word_that_is_cut_otherwise_is_still_known() -> None:
    """The rules write 2025年 as one word; a person's text does not say so."""
    assert reword(heard("在", "2025年11月", "走"), "在2025年11月走")[1] == heard("在", "2025年11月", "走")[1]


def test_a_changed_word_has_the_time_of_what_it_replaces() -> None:
    words = reword(heard("see", "you", "tomorrow"), "see them tomorrow")

    assert times(words) == [("see", 0, 1), ("them", 1, 2), ("tomorrow", 2, 3)]
    assert [word.confidence for word in words] == [0.5, 1.0, 0.5]


def test_several_words_share_the_time_of_one_by_their_length() -> None:
    assert times(reword(heard("a", "xxxx", "b"), "a go 1234567 b")) == [
        ("a", 0, 1),
        ("go", 1, 1.22),
        ("1234567", 1.22, 2),
        ("b", 2, 3),
    ]


def test_of_a_word_changed_in_part_the_rest_keeps_its_moment() -> None:
    words = reword(heard("在", "2025年", "走"), "在2026年走")

    assert times(words)[2:] == [("年", 1.8, 2.0), ("走", 2, 3)]


def test_marks_and_capital_letters_change_no_time() -> None:
    assert times(reword(heard("see", "you"), "See, you!")) == [("See,", 0, 1), ("you!", 1, 2)]


def test_a_word_put_in_between_is_said_there() -> None:
    assert times(reword(heard("天", "好"), "天很好"))[1] == ("很", 1, 1)


def test_a_few_letters_in_common_are_not_the_same_word() -> None:
    assert times(reword(heard("see", "you", "monday"), "totally other")) == [
        ("totally", 0, 1.75),
        ("other", 1.75, 3),
    ]


def test_texts_after_each_other_know_their_words_across_the_border() -> None:
    found = aligned(heard("a1", "b1", "c1", "d1"), ["a1 b1", "c1 d1"])

    assert [(number, word.text) for number, word in found] == [(0, "a1"), (0, "b1"), (1, "c1"), (1, "d1")]


@pytest.mark.parametrize("text", ["", "今", "全新的文字，没有一个字一样", "one two three", "a " * 400])
def test_times_never_go_back(text: str) -> None:
    words = reword(heard("今", "天", "天", "气", "one"), text)

    assert all(before.end <= after.start for before, after in pairwise(words))
    assert all(0 <= word.start <= word.end <= 5 for word in words)


def test_without_times_there_are_none() -> None:
    assert reword([], "text") == []
