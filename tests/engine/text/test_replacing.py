"""Rules of replacement and fillers: what is written changes, words and times stay with it, and nothing takes long."""

from __future__ import annotations

import time

import pytest

from app.domain.errors.requests import InvalidParameter
from app.domain.options import RecognitionOptions
from app.domain.replacements import ReplacementRule, parse_rules
from app.domain.transcript import Word, merge_receipts
from app.engine import Hypothesis
from app.engine.text.replacing import apply_rule, leave_out_fillers
from app.engine.text.rewriting import rewritten


def words_of(*texts: str) -> list[Word]:
    return [Word(text, float(number), number + 0.9, 0.9) for number, text in enumerate(texts)]


def replaced(rule: str, text: str) -> str:
    [parsed] = parse_rules(rule)
    return apply_rule(parsed, text, ()).text


@pytest.mark.parametrize(
    ("rule", "text", "written"),
    [
        ("范一安 => FunASR", "我们用范一安，范一安很快。", "我们用FunASR，FunASR很快。"),
        ("a.b => c", "a.b axb", "c axb"),
        ("word: cat => dog", "Cat, concat and cats: cat.", "dog, concat and cats: dog."),
        ("word: ai => AI", "用ai写字，saint", "用AI写字，saint"),
        (r"regex: (\d+) percent => \1 %", "18 percent or 5 percent", "18 % or 5 %"),
        (r"regex: (?<y>\d{4})-(\d\d) => \g<2>/\g<y>", "2026-11", "11/2026"),
        ("sound: 张姗 => 张珊", "章山和张三，张珊和张姗来了", "张珊和张珊，张珊和张珊来了"),
        ("sound: 临安 => 林安", "宁安和林案", "宁安和林安"),
        ("x →", "axb", "ab"),
    ],
)
def test_a_rule_replaces_what_it_means(rule: str, text: str, written: str) -> None:
    assert replaced(rule, text) == written


@pytest.mark.parametrize(
    "text",
    ["no arrow", "=> x", "regex: ( => x", "regex: x* => y", r"regex: x => \7", "sound: abc => x", f"{'a' * 201} => b"],
)
def test_what_is_no_rule_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter):
        parse_rules(text)


def test_comments_and_empty_lines_are_no_rules_and_each_rule_is_taken_once() -> None:
    assert parse_rules("# names\n\na => b\na => b\nword: a=>b") == (
        ReplacementRule("a", "b"),
        ReplacementRule("a", "b", "word"),
    )


def test_the_text_form_of_a_rule_is_read_back() -> None:
    rules = parse_rules("a => b\nword: c d => e\nregex: \\d+ =>\nsound: 张姗 => 张珊")

    assert parse_rules("\n".join(map(str, rules))) == rules


def test_words_that_a_rule_touches_become_one_with_their_time_and_raw_text() -> None:
    found = apply_rule(ReplacementRule("范一安", "FunASR"), "用范一安。好", words_of("用", "范", "一", "安。", "好"))

    assert [(word.text, word.raw, word.was) for word in found.words] == [
        ("用", "", ""),
        ("FunASR。", "范一安。", "范一安。"),
        ("好", "", ""),
    ]
    assert (found.words[1].start, found.words[1].end) == (1.0, 3.9)


def test_a_rule_for_a_part_of_a_word_leaves_the_rest_of_it() -> None:
    found = apply_rule(ReplacementRule("phone", "Phone"), "an iphone15, yes", words_of("an", "iphone15,", "yes"))

    assert found.text == "an iPhone15, yes"
    assert [word.text for word in found.words] == ["an", "iPhone15,", "yes"]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("嗯，我们今天，呃，讨论。", "我们今天，讨论。"),
        ("呃我想想", "我想想"),
        ("Um, we should, uh, go.", "We should, go."),
        ("I um think so, uh.", "I think so."),
        ("嗯。我们走。", "嗯。我们走。"),
        ("Hmm.", "Hmm."),
        ("the umbrella and hummus, er, erm", "the umbrella and hummus, er"),
        ("他说嗯嗯好的", "他说好的"),
    ],
)
def test_fillers_are_left_out_and_answers_stay(text: str, written: str) -> None:
    assert leave_out_fillers(text, ()).text == written


def test_a_word_left_out_is_kept_in_the_next_one() -> None:
    found = leave_out_fillers("嗯，我们", words_of("嗯，", "我", "们"))

    assert [(word.text, word.raw, word.was) for word in found.words] == [("我", "嗯，我", "嗯，我"), ("们", "", "")]


def test_an_expression_that_takes_exponentially_long_is_left_out_and_told() -> None:
    options = RecognitionOptions(replacements=parse_rules("regex: (a|aa)+$ => x\nb => c"))
    since = time.monotonic()
    heard = rewritten(Hypothesis("a" * 60 + "b", "ab", 0.9), options)

    assert time.monotonic() - since < 1
    assert heard.text.endswith("c")
    assert [line.reason.code for line in heard.applied if line.reason] == ["rule_too_slow", "replaced"]


def test_counts_are_summed_up_over_the_segments() -> None:
    options = RecognitionOptions(remove_fillers=True, replacements=parse_rules("a => b"))
    receipt = merge_receipts((), ())
    for text in ("um, a a", "a", "x"):
        receipt = merge_receipts(receipt, rewritten(Hypothesis(text, text, 0.9), options).applied)

    assert {line.name: line.reason.params["count"] for line in receipt if line.reason} == {
        "remove_fillers": 1,
        "replacement": 3,
    }
