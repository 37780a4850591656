"""Spoken numbers are written as people write them, words are left alone, and positions can be mapped."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from app.engine.text.itn import Normalised, normalise, normalise_with_mapping

DATA = Path(__file__).parents[2] / "data"


def _table(name: str) -> list[tuple[str, str]]:
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()[1:]
    return [(spoken, written) for spoken, _, written in (line.partition("\t") for line in lines)]


CHINESE = _table("itn_zh.tsv")
ENGLISH = _table("itn_en.tsv")
EVERY = CHINESE + ENGLISH
CHARACTERS = 40_000
QUICK_SECONDS = 6.0  # of computing: ten times what it takes; a rule that looks at every pair takes a minute


@pytest.mark.parametrize("cases", [CHINESE, ENGLISH], ids=["chinese", "english"])
def test_numbers_are_written_as_people_write_them(cases: Sequence[tuple[str, str]]) -> None:
    read = [(spoken, normalise(spoken)) for spoken, _ in cases]

    wrong = [(is_read, should) for is_read, should in zip(read, cases, strict=True) if is_read != should]
    assert wrong == []  # no subtest for each: reporting 3,100 of them took ten times as long as all the rest


def test_the_tables_hold_at_least_250_different_cases() -> None:
    assert len({spoken for spoken, _ in EVERY}) >= 250


def test_written_text_is_not_changed_again() -> None:
    for _, written in EVERY:
        assert normalise(written) == written


def test_sentences_that_follow_each_other_do_not_disturb_each_other() -> None:
    assert normalise("。".join(spoken for spoken, _ in CHINESE)) == "。".join(written for _, written in CHINESE)


def test_a_mapping_rebuilds_the_written_text_from_the_spoken_text() -> None:
    for spoken, written in EVERY:
        result = normalise_with_mapping(spoken)
        assert result.text == written
        _assert_equal_outside_spans(spoken, result)


def _assert_equal_outside_spans(spoken: str, result: Normalised) -> None:
    raw_position = position = 0
    for span in result.spans:
        assert raw_position <= span.raw_start < span.raw_end
        assert spoken[raw_position : span.raw_start] == result.text[position : span.start]
        assert spoken[span.raw_start : span.raw_end] != result.text[span.start : span.end]
        raw_position, position = span.raw_end, span.end
    assert spoken[raw_position:] == result.text[position:]


def test_each_number_of_a_date_has_its_own_span() -> None:
    spoken = "二零二五年三月十五号下午两点半"
    result = normalise_with_mapping(spoken)
    assert [(spoken[s.raw_start : s.raw_end], result.text[s.start : s.end]) for s in result.spans] == [
        ("二零二五", "2025"),
        ("三", "3"),
        ("十五", "15"),
        ("两", "2"),
    ]


def test_text_without_numbers_has_no_spans() -> None:
    assert normalise_with_mapping("今天天气真好 how are you") == Normalised("今天天气真好 how are you", ())


def test_text_without_numerals_is_never_changed() -> None:
    pieces = "今天 天气 真好 我们 明年 见 how are you Kelly API KPI ， 。 ? - % 的 分 点 块 号 月 percent dollars o'clock".split()  # noqa: SIM905
    chance = random.Random(3)
    for _ in range(1000):
        spoken = chance.choice(["", " "]).join(chance.choices(pieces, k=12))
        assert normalise_with_mapping(spoken) == Normalised(spoken, ())


def test_english_sentences_in_a_row_do_not_disturb_each_other() -> None:
    assert normalise("; ".join(spoken for spoken, _ in ENGLISH)) == "; ".join(written for _, written in ENGLISH)


def test_no_space_parts_a_letter_from_its_number() -> None:
    spoken = "去 T 三航站楼用 5 G"
    result = normalise_with_mapping(spoken)
    assert result.text == "去 T3航站楼用 5 G"
    assert [(spoken[s.raw_start : s.raw_end], result.text[s.start : s.end]) for s in result.spans] == [("T 三", "T3")]


def test_any_unicode_is_taken() -> None:
    chance = random.Random(11)
    ranges = [
        (0, 0x250),
        (0x3000, 0x3100),
        (0x4E00, 0x9FFF),
        (0xD800, 0xE000),
        (0xFF00, 0xFFFF),
        (0, 0x110000),
    ]
    for _ in range(300):
        spoken = "".join(chr(chance.randrange(*chance.choice(ranges))) for _ in range(40))
        result = normalise_with_mapping(spoken + "三十五")
        _assert_equal_outside_spans(spoken + "三十五", result)


def test_empty_text_stays_empty() -> None:
    assert normalise_with_mapping("") == Normalised("", ())


def test_nothing_that_can_be_spelled_with_the_words_of_numbers_raises() -> None:
    pieces = [
        "零",
        "〇",
        "幺",
        "一",
        "二",
        "两",
        "三",
        "五",
        "九",
        "十",
        "百",
        "千",
        "万",
        "亿",
        "点",
        "半",
        "分",
        "分之",
        "百分之",
        "年",
        "月",
        "号",
        "时",
        "第",
        "到",
        "比",
        "负",
        "几",
        "块",
        "A",
        "3",
        "。",
    ]
    words = "a oh one two five ten twenty hundred thousand million and point percent dollars march p m first to".split()  # noqa: SIM905
    chance = random.Random(7)
    for _ in range(1500):
        spoken = "".join(chance.choices(pieces, k=9)) + " " + " ".join(chance.choices(words, k=7))
        result = normalise_with_mapping(spoken)
        _assert_equal_outside_spans(spoken, result)


@pytest.mark.parametrize(
    "unit",
    [
        "一",
        "亿",
        "三点五",
        "分之一又",
        "A一",
        "A 一",
        "a ",
        "oh ",
        "one dot ",
        "one hundred and ",
        "六比三",
        "今天天气",
    ],
)
def test_many_characters_are_no_trap(unit: str) -> None:
    began = time.thread_time()

    normalise(unit * (CHARACTERS // len(unit)))

    assert time.thread_time() - began < QUICK_SECONDS
