"""The text form of hotwords, and their outcomes in a transcript."""

import pytest

from app.domain.errors.requests import InvalidParameter
from app.domain.hotwords import (
    DEFAULT_WEIGHT,
    LONGEST_HOTWORD,
    MOST_HOTWORDS,
    Hotword,
    listed_hotwords,
    outcomes,
    parse_hotwords,
    stored_hotwords,
    unusable,
)
from app.domain.transcript import HotwordOutcome, HotwordStatus, Segment, Word, merge_receipts
from app.i18n import translator


def words(*pairs):
    return [(pair, DEFAULT_WEIGHT) if isinstance(pair, str) else pair for pair in pairs]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \n ,；", []),
        ("营业时间 客服电话", words("营业时间", "客服电话")),
        ("a,b;c，d；e、f", words("a", "b", "c", "d", "e", "f")),
        ("阿里巴巴:20", words(("阿里巴巴", 20))),
        ("阿里巴巴\t20", words(("阿里巴巴", 20))),
        ("阿里巴巴：30 腾讯，百度:5.5", words("阿里巴巴：30 腾讯", ("百度", 5.5))),
        ("阿里巴巴:30 腾讯 百度：5.5", words(("阿里巴巴", 30), "腾讯", ("百度", 5.5))),
        ("Route 66", words("Route 66")),
        ("Route 66 Conformer", words("Route 66", "Conformer")),
        ("iPhone 15:20", words(("iPhone 15", 20))),
        ("Route 66\nArea 51", words("Route 66", "Area 51")),
        ("阿里巴巴, 30", words("阿里巴巴", "30")),
        ("315", words("315")),
        ("hello world\n", words("hello world")),
        ("hello world\n你好: 7\r\n\n", words("hello world", ("你好", 7))),
        ("play station 5:40\n315\n一，二\t3", words(("play station 5", 40), "315", "一", ("二", 3))),
    ],
)
def test_hotwords_are_read_as_they_are_written(text, expected):
    assert [(word.text, word.weight) for word in parse_hotwords(text)] == expected


def test_what_is_written_down_is_read_back():
    written = (Hotword("iPhone 15", 20), Hotword("Route 66", 30), Hotword("阿里巴巴", 5.5))
    assert parse_hotwords("\n".join(map(str, written)) + "\n") == written


def test_a_phrase_of_a_list_is_never_parsed():
    items = [
        "iPhone 15 20",
        "a, b",
        " 你好  50",
        "3:2",
        "",
        {"text": "Conformer", "weight": 30},
        {"text": "转写"},
    ]
    assert [(word.text, word.weight) for word in listed_hotwords(items)] == words(
        "iPhone 15 20", "a, b", "你好 50", "3:2", ("Conformer", 30), "转写"
    )


@pytest.mark.parametrize(
    "item",
    [{}, {"text": 5}, {"text": "a", "weight": "9"}, {"text": "a", "weight": True}, {"text": "a", "more": 1}],
)
def test_an_item_of_another_shape_is_refused(item):
    with pytest.raises(InvalidParameter, match="neither a text nor an object"):
        listed_hotwords([item])


def test_rows_of_older_versions_keep_their_weights():
    stored = ["转写", "Conformer 30", "Route 66", {"text": "Area 51", "weight": 20.0}]
    assert [(word.text, word.weight) for word in stored_hotwords(stored)] == words(
        "转写", ("Conformer", 30), ("Route", 66), "Area 51"
    )


def test_a_word_that_comes_again_keeps_its_place_and_takes_the_last_weight():
    found = parse_hotwords("OpenAI 腾讯 openai:40 ＯＰＥＮＡＩ:60")
    assert found == (Hotword("OpenAI", 60), Hotword("腾讯"))


@pytest.mark.parametrize("text", ["a:0", "a:101", "a:-5", "阿里巴巴:2000", "x:0.5"])
def test_a_weight_out_of_bounds_is_refused_with_its_word(text):
    with pytest.raises(InvalidParameter, match="not from 1 to 100") as refused:
        parse_hotwords(text)
    shown = refused.value.problem.explained(translator("zh"))["message"]
    assert "词的权重不在 1 到 100 之间" in shown
    assert text in shown


def test_too_many_words_and_too_long_ones_are_refused():
    assert len(listed_hotwords(f"w{number}" for number in range(MOST_HOTWORDS))) == MOST_HOTWORDS
    with pytest.raises(InvalidParameter, match="more than 1000"):
        listed_hotwords(f"w{number}" for number in range(MOST_HOTWORDS + 1))
    assert parse_hotwords("字" * LONGEST_HOTWORD)
    with pytest.raises(InvalidParameter, match="longer than 100"):
        parse_hotwords("字" * (LONGEST_HOTWORD + 1))


SPOKEN = Segment(
    10.0,
    15.0,
    text="2025年，阿里 start Open AI。",
    text_raw="二零二五年阿里 start open ai",
    words=(
        Word("2025年，", 10.0, 11.5, 0.9, raw="二零二五年"),
        Word("阿", 11.6, 11.8, 0.9),
        Word("里", 11.8, 12.0, 0.9),
        Word("start", 12.5, 13.0, 0.9),
        Word("Open", 13.2, 13.5, 0.9, raw="open"),
        Word("AI。", 13.5, 14.0, 0.9, raw="ai"),
    ),
)


@pytest.mark.parametrize(
    ("word", "places"),
    [
        ("阿里", ((11.6, 12.0),)),
        ("里", ((11.8, 12.0),)),
        ("二零二五年", ((10.0, 11.5),)),
        ("2025年", ((10.0, 11.5),)),
        ("零二五年阿", ((10.0, 11.8),)),
        ("OpenAI", ((13.2, 14.0),)),
        ("open ai", ((13.2, 14.0),)),
        ("START", ((12.5, 13.0),)),
        ("art", ()),
        ("star", ()),
        ("artopen", ()),
        ("。", ()),
        ("腾讯", ()),
    ],
)
def test_a_word_is_found_where_the_words_of_the_text_spell_it(word, places):
    [outcome] = outcomes([Hotword(word)], [SPOKEN], ())
    assert outcome.places == places
    assert outcome.status == (HotwordStatus.MATCHED if places else HotwordStatus.NOT_HEARD)


def test_every_place_counts_and_untimed_text_has_its_segments_times():
    first = Segment(1.0, 2.0, text="哈哈哈 Start", text_raw="哈哈哈 start")
    second = Segment(3.0, 4.0, text="哈哈", text_raw="哈哈")
    found = outcomes([Hotword("哈哈"), Hotword("start", 30), Hotword("art")], [first, second], ())
    assert found == (
        HotwordOutcome("哈哈", DEFAULT_WEIGHT, HotwordStatus.MATCHED, ((1.0, 2.0), (3.0, 4.0))),
        HotwordOutcome("start", 30, HotwordStatus.MATCHED, ((1.0, 2.0),)),
        HotwordOutcome("art", DEFAULT_WEIGHT, HotwordStatus.NOT_HEARD),
    )


def test_a_word_that_the_model_cannot_write_says_which_characters():
    line = unusable(Hotword("a囧: 9"), "囧: 9")
    [cannot, heard] = outcomes([Hotword("a囧: 9"), Hotword("阿里")], [SPOKEN], [line])
    assert cannot.status == "unusable"
    assert heard.status == "matched"
    assert cannot.unknown == "囧: 9"
    assert line.reason.told(translator("zh")).startswith("模型没有这些字符")


def test_every_unusable_word_keeps_its_line_through_all_segments() -> None:
    lines = tuple(unusable(Hotword(word), word[-1]) for word in ("鑫〇", "好龘"))
    assert merge_receipts(merge_receipts((), lines), lines) == lines
