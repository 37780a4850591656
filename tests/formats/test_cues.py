"""Subtitles of long segments: split at natural pauses."""

from __future__ import annotations

from itertools import pairwise

import pytest

from app.domain.transcript import Segment, Transcript, Word, is_wide, join_texts
from app.formats.cues import MOST_COLUMNS, MOST_SECONDS, Cue, cues


def cut(segment: Segment) -> list[Cue]:
    return list(cues(Transcript((segment,), "zh", 60.0, "builtin", "cpu")))


def segment(texts: list[str], seconds: float = 0.2, start: float = 10.0, pause_after: int = -1) -> Segment:
    """Words of `seconds` each, with half a second of silence around them and one after a word of choice."""
    words, at = [], start + 0.5
    for index, text in enumerate(texts):
        words.append(Word(text, at, at + seconds, 0.9))
        at += seconds + (1.0 if index == pause_after else 0.0)
    text = join_texts(texts)
    return Segment(start, words[-1].end + 0.5, text, text, 0.9, tuple(words))


def test_a_short_segment_is_one_cue_as_long_as_the_segment() -> None:
    short = segment(["你", "好"])
    assert cut(short) == [Cue(short.start, short.end, "你好")]


def test_a_segment_without_words_stays_whole() -> None:
    whole = Segment(0.0, 30.0, "很" * 200, "很" * 200, 0.9)
    assert cut(whole) == [Cue(0.0, 30.0, "很" * 200)]


@pytest.mark.parametrize(
    "texts", [["很"] * 100, ["word"] * 70, ["用", "Python", "写"] * 30, ["好，", "来", "了。"] * 20]
)
@pytest.mark.parametrize("seconds", [0.1, 0.25, 0.9])
def test_no_cue_is_too_long_and_nothing_is_lost(texts: list[str], seconds: float) -> None:
    long = segment(texts, seconds)
    found = cut(long)

    assert len(found) > 1
    assert join_texts(cue.text for cue in found) == long.text
    assert all(columns(cue.text) <= MOST_COLUMNS for cue in found)
    assert all(cue.end - cue.start <= MOST_SECONDS for cue in found)
    assert all(before.end <= after.start for before, after in pairwise(found))
    assert (found[0].start, found[-1].end) == (long.start, long.end)
    starts = {word.start for word in long.words}
    assert all(cue.start in starts for cue in found[1:])


def test_a_cue_ends_at_a_sentence_before_a_clause_before_a_pause() -> None:
    texts = [*["很"] * 13, "好。", "是，", *["的"] * 14]
    assert cut(segment(texts, 0.1))[0].text.endswith("好。")
    texts[13] = "好"
    assert cut(segment(texts, 0.1))[0].text.endswith("是，")
    texts[14] = "是"
    assert cut(segment(texts, 0.1, pause_after=15))[0].text == join_texts(texts[:16])


def test_a_cue_ends_early_at_a_pause_rather_than_late_inside_a_word() -> None:
    texts = list("一位客户今天早上登进士兵管理系统以后看见余额错误请问怎么处理呀谢谢您帮忙")

    assert cut(segment(texts, 0.1, pause_after=7))[0].text == "一位客户今天早上"


@pytest.mark.parametrize(
    ("text", "inside"),
    [("甲乙丙丁戊己庚辛壬癸甲乙丙丁戊己庚辛壬癸甲了来看甲乙丙丁戊己庚辛壬癸甲乙丙丁戊己庚辛壬癸甲乙丙", "甲了"),
     ("甲乙丙丁戊己庚辛壬癸甲乙丙丁戊己庚辛壬二百来看看甲乙丙丁戊己庚辛壬癸甲乙丙丁戊己庚辛壬癸甲乙丙", "二百来")],
)  # fmt: skip
def test_particles_and_numbers_stay_with_their_words(text: str, inside: str) -> None:
    assert any(inside in cue.text for cue in cut(segment(list(text), 0.1)))


def test_no_single_word_is_left_for_the_last_cue() -> None:
    assert [len(cue.text) for cue in cut(segment(["很"] * 24, 0.1))] == [12, 12]


def test_a_word_longer_than_a_line_stays_whole() -> None:
    texts = ["a" * 60, "b" * 60]
    assert [cue.text for cue in cut(segment(texts, 1.0))] == texts


def columns(text: str) -> int:
    return sum(2 if is_wide(character) else 1 for character in text)
