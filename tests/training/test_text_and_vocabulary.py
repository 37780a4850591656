import random
from pathlib import Path

import pytest

from training.grammar import distinct_sentences, read_grammar
from training.normal_text import is_speakable, normal_text, tokens
from training.vocabulary import build_vocabulary, load_vocabulary

GRAMMAR = Path(__file__).parents[2] / "training" / "grammar"


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("Hello 你好, World!", "hello 你好 world"),
        ("我们用 Excel 做报告。", "我们用 excel 做报告"),
        ("Don’t STOP", "don't stop"),
        ("……", ""),
    ],
)
def test_a_transcript_keeps_han_characters_and_lower_case_words_only(written: str, normal: str) -> None:
    assert normal_text(written) == normal


def test_normal_text_is_its_own_normal_text() -> None:
    once = normal_text("请把 PDF 发给 Mary's team，谢谢")
    assert normal_text(once) == once


def test_digits_and_other_scripts_are_not_speakable() -> None:
    assert is_speakable("三点半, ok?")
    assert not is_speakable("3点半")
    assert not is_speakable("こんにちは")
    assert not is_speakable("……")


@pytest.mark.parametrize("name", ["zh", "en", "mixed"])
def test_a_grammar_makes_distinct_speakable_sentences_without_open_slots(name: str) -> None:
    sentences = list(distinct_sentences(read_grammar(GRAMMAR / f"{name}.txt"), 300, seed=1))
    assert len(set(sentences)) == 300
    assert all(is_speakable(sentence) and "{" not in sentence for sentence in sentences)


def test_the_same_seed_makes_the_same_sentences() -> None:
    grammar = read_grammar(GRAMMAR / "zh.txt")
    assert grammar.sentence(random.Random(5)) == grammar.sentence(random.Random(5))


def test_a_slot_without_a_definition_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "g.txt").write_text("day = today\nCome {day} at {tiem}.\n", encoding="utf-8")
    with pytest.raises(ValueError, match="tiem"):
        read_grammar(tmp_path / "g.txt")


def test_units_spell_chinese_by_characters_and_english_by_pieces(tmp_path: Path) -> None:
    texts = ["今天有 meeting", "meeting today", "today 今天", "the meeting is today"] * 20
    built = build_vocabulary(texts, folder=tmp_path, num_pieces=24, max_characters=10, min_count=1)
    vocabulary = load_vocabulary(tmp_path)
    assert vocabulary.units == built.units
    assert vocabulary.units[:3] == ("<blank>", "<unk>", "<sos/eos>")
    for text in texts:
        cut = vocabulary.cut(text)
        words = "".join(cut).replace("▁", " ").split()
        assert tokens(" ".join(words)) == tokens(text)
        assert 1 not in vocabulary.encode([text])[0]


def test_a_character_outside_the_vocabulary_becomes_unknown(tmp_path: Path) -> None:
    vocabulary = build_vocabulary(["今天 today"] * 9, folder=tmp_path, num_pieces=12, max_characters=9, min_count=1)
    assert vocabulary.encode(["鑫"]) == [[1]]
