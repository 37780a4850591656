"""Subtitles of long segments: split at natural pauses."""

from __future__ import annotations

from itertools import pairwise

import pytest

from app.domain.errors.requests import InvalidParameter
from app.domain.transcript import USUAL_STYLE, ExportStyle, Segment, Transcript, Word, is_wide, join_texts
from app.formats import find_format
from app.formats.cues import Cue, cues


def cut(segment: Segment, style: ExportStyle = USUAL_STYLE) -> list[Cue]:
    return list(cues(Transcript((segment,), "zh", 60.0, "builtin", "cpu", style=style)))


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
    assert all(columns(cue.text) <= USUAL_STYLE.line_length for cue in found)
    assert all(cue.end - cue.start <= USUAL_STYLE.cue_max_s for cue in found)
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


@pytest.mark.parametrize(
    "texts", [["很"] * 100, ["word"] * 70, ["用", "Python", "写"] * 30, ["好，", "来", "了。"] * 20]
)
@pytest.mark.parametrize("style", [ExportStyle(16, 2), ExportStyle(30, 3), ExportStyle(20, 1, cue_max_s=2.0)])
def test_a_person_chooses_length_and_number_of_lines(texts: list[str], style: ExportStyle) -> None:
    long = segment(texts)
    found = cut(long, style)

    for cue in found:
        lines = cue.text.splitlines()
        assert len(lines) <= style.lines
        assert all(columns(line) <= style.line_length for line in lines)
        assert cue.end - cue.start <= style.cue_max_s
    letters = "".join(cue.text for cue in found).replace("\n", "").replace(" ", "")
    assert letters == long.text.replace(" ", "")
    if style.lines > 1:
        assert any("\n" in cue.text for cue in found)


def test_lines_are_balanced_and_break_between_words() -> None:
    [cue] = cut(segment(["the", "quick", "brown", "fox", "jumps", "over", "it"], 0.1), ExportStyle(24, 2))
    assert cue.text == "the quick brown\nfox jumps over it"


def test_a_short_cue_stays_but_never_into_the_next() -> None:
    first, second = Segment(0.0, 0.4, "yes", "yes", 0.9), Segment(1.0, 1.2, "no", "no", 0.9)
    transcript = Transcript((first, second), "en", 60.0, "builtin", "cpu", style=ExportStyle(cue_min_s=2.0))

    assert [(cue.start, cue.end) for cue in cues(transcript)] == [(0.0, 1.0), (1.0, 3.0)]


def test_channels_have_the_names_that_a_person_gives_them() -> None:
    segments = tuple(Segment(float(number), number + 0.5, "hi", "hi", 0.9, (), number) for number in (1, 2, 3))
    transcript = Transcript(segments, "en", 60.0, "builtin", "cpu")
    style = ExportStyle.of("agent, customer")

    assert find_format("txt").styled(style).content(transcript).decode().splitlines() == [
        "agent: hi",
        "customer: hi",
        "Channel 3: hi",
    ]
    assert "<v customer>hi" in find_format("vtt").styled(style).content(transcript).decode()


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"line_length": 9}, "line_length"),
        ({"lines": 5}, "lines"),
        ({"cue_min_s": -1.0}, "cue_min_s"),
        ({"cue_max_s": 0.5}, "cue_max_s"),
        ({"cue_min_s": 9.0, "cue_max_s": 8.0}, "cue_max_s"),
        ({"cue_max_s": float("nan")}, "cue_max_s"),
        ({"channel_names": "x" * 41}, "channel_names"),
    ],
)
def test_a_style_out_of_bounds_is_refused(values: dict[str, float], name: str) -> None:
    with pytest.raises(InvalidParameter, match=name):
        ExportStyle.of(**values)  # type: ignore[arg-type]
