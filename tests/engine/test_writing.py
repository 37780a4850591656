"""From spoken to written words: the words keep mapping between both texts, and no time is lost."""

import csv
import re
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from app.domain.transcript import Word
from app.engine.text.itn import normalise
from app.engine.text.punctuation import PausePunctuator
from app.engine.text.writing import write

DATA = Path(__file__).parent.parent / "data"


def spoken(text, gap=0.0):
    """Words of a quarter of a second each, with `gap` seconds between them."""
    parts = re.findall(r"\s*([\u4e00-\u9fff〇][，。]?|[^\s\u4e00-\u9fff〇]+)", text)
    step = 0.25 + gap
    return tuple(Word(part, i * step, i * step + 0.25, 0.5 + i / 1000) for i, part in enumerate(parts))


def bare(text):
    return "".join(text.split())


def sentences():
    for name in ("itn_zh.tsv", "itn_en.tsv"):
        with (DATA / name).open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
        yield from (row["spoken"] for row in rows)


def test_several_spoken_words_become_one_written_word():
    written = write(spoken("二零二五年 见 twenty five people"), 3, itn=True, punctuation=None)
    assert [(word.text, word.raw) for word in written.words] == [
        ("2025", "二零二五"),
        ("年", ""),
        ("见", ""),
        ("25", "twenty five"),
        ("people", ""),
    ]
    year = written.words[0]
    assert (year.start, year.end, year.confidence) == (0.0, 1.0, 0.5)
    assert written.text == "2025年见25 people"
    assert written.text_raw == "二零二五年见 twenty five people"


def test_without_itn_the_words_stay():
    words = spoken("百分之三十五")
    written = write(words, 3, itn=False, punctuation=None)
    assert written.words == words
    assert written.text == written.text_raw == "百分之三十五"


def test_no_words_are_no_text():
    written = write((), 3, itn=True, punctuation=PausePunctuator())
    assert (written.text, written.text_raw, written.words) == ("", "", ())


def test_punctuation_follows_the_figures_and_stays_out_of_the_raw_text():
    written = write(spoken("会议下午两点半开始"), 9, itn=True, punctuation=PausePunctuator())
    assert written.text == "会议下午2点半开始。"
    assert written.text_raw == "会议下午两点半开始"
    assert written.words[-1].raw == "始"


def test_chinese_and_english_stand_apart_and_figures_do_not():
    written = write(spoken("用python写三十五行the code吧"), 3, itn=True, punctuation=None)
    assert written.text == "用 python 写35行 the code 吧"


@pytest.mark.parametrize("punctuation", [None, PausePunctuator()])
@pytest.mark.parametrize("gap", [0.0, 0.75])
def test_the_words_map_one_text_to_the_other_in_every_case_of_the_tables(punctuation, gap):
    for text in sentences():
        words = spoken(text, gap)
        written = write(words, len(words) + 1.0, itn=True, punctuation=punctuation)
        assert bare(written.text) == bare("".join(word.text for word in written.words)), text
        assert bare(written.text_raw) == bare(text) == bare("".join(w.raw or w.text for w in written.words))
        assert all(word.raw != word.text for word in written.words), text
        assert all(before.end <= after.start for before, after in pairwise(written.words)), text
        assert (written.words[0].start, written.words[-1].end) == (words[0].start, words[-1].end)
        if punctuation is None:
            assert bare(written.text) == bare(normalise(written.text_raw)), text


def test_every_word_of_the_raw_text_lies_in_one_written_word():
    for text in sentences():
        words = spoken(text)
        written = write(words, len(words) + 1.0, itn=True, punctuation=None).words
        for word in words:
            [holder] = [w for w in written if w.start <= word.start and word.end <= w.end]
            assert bare(word.text) in bare(holder.raw or holder.text), text


def test_random_pauses_add_marks_and_capitals_and_nothing_else():
    random = Random(1)
    for text in sentences():
        words, at = [], 0.0
        for word in spoken(text):
            at += random.choice((0.0, 0.0, 0.1, 0.4, 0.9))
            words.append(Word(word.text, at, at + 0.2, 0.9))
            at += 0.2
        plain = write(words, at + 0.5, itn=True, punctuation=None)
        marked = write(words, at + 0.5, itn=True, punctuation=PausePunctuator())
        for before, after in zip(plain.words, marked.words, strict=True):
            assert after.text.casefold().startswith(before.text.casefold()), text
            assert after.text[len(before.text) :] in ("", *"，。？,.?"), text
        for before, (one, other) in zip(plain.words, pairwise(marked.words), strict=False):
            is_figures = one.text[0].isdigit() and other.text[0].isdigit()
            was_marked = one.text != before.text
            assert not (is_figures and was_marked and one.text[-1] in "，,"), text


def test_marks_of_the_model_and_words_of_both_scripts_survive():
    written = write(spoken("好， ok, 我们下午三点开会。"), 4, itn=True, punctuation=PausePunctuator())
    assert written.text == "好，ok, 我们下午3点开会。"


@pytest.mark.parametrize(
    ("before", "pause", "after", "expected"),
    [
        ("we counted twenty", 0.6, "five of them were broken", "we counted 20 five of them were broken"),
        ("about three hundred", 0.6, "twenty people came", "about 300 20 people came"),
        ("we counted twenty", 0.1, "five of them", "we counted 25 of them"),
        ("two", 0.6, "hundred people", "200 people"),
        ("call five five five", 0.6, "one two three four", "call 5551234"),
        ("一共三百", 0.6, "二十个人没来", "一共300 20个人没来"),
        ("电话一三八", 0.3, "五五六七", "电话1385567"),
    ],
)
def test_a_number_ends_at_a_pause_unless_its_digits_go_on(before, pause, after, expected):
    first = spoken(before)
    shift = first[-1].end + pause
    words = (*first, *(Word(word.text, word.start + shift, word.end + shift, 0.9) for word in spoken(after)))

    assert write(words, words[-1].end, itn=True, punctuation=None).text == expected
