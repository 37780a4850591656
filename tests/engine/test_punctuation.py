"""Punctuation from pauses: where it is placed, and where it must not be."""

import re

import pytest

from app.domain.transcript import Word, join_texts
from app.engine.text.clauses import is_chinese_question, is_english_question
from app.engine.text.punctuation import PausePunctuator, is_punctuated, marked


def words(text):
    """Words of 0.2 s; in `text`, | is a pause of 0.4 s and || one of 0.8 s."""
    start, said = 0.0, []
    for part in re.findall(r"\|+|[\u4e00-\u9fff]|[^\s|\u4e00-\u9fff]+", text):
        if part.startswith("|"):
            start += 0.4 * len(part)
        else:
            said.append(Word(part, start, start + 0.2, 0.9))
            start += 0.2
    return said


def punctuated(text, silence_after=0.3):
    said = words(text)
    duration = (said[-1].end if said else 0.0) + silence_after
    return join_texts(word.text for word in PausePunctuator().punctuate(said, duration))


@pytest.mark.parametrize(
    ("spoken", "written"),
    [
        ("我们明天去北京|你和我一起去", "我们明天去北京，你和我一起去。"),
        ("会议到这里就结束||谢谢大家", "会议到这里就结束。谢谢大家。"),
        ("good morning everyone|let us begin", "Good morning everyone, let us begin."),
        ("the train is late||please wait here", "The train is late. Please wait here."),
        ("这个 project 很大|我们慢慢做", "这个 project 很大，我们慢慢做。"),
        ("好|我知道了", "好，我知道了。"),
        ("今年涨了 35%|比去年多", "今年涨了35%，比去年多。"),
        ("now i think i'm right", "Now I think I'm right."),
        (
            "오늘 날씨가 정말 좋네요|우리 같이 나가요||감사합니다 여러분",
            "오늘 날씨가 정말 좋네요, 우리 같이 나가요. 감사합니다 여러분.",
        ),
        ("오늘 美 대통령이 왔어요|우리 같이 봐요", "오늘 美 대통령이 왔어요, 우리 같이 봐요."),
    ],
)
def test_pauses_become_marks_of_the_language(spoken, written):
    assert punctuated(spoken) == written


@pytest.mark.parametrize(
    "spoken",
    [
        "电话是一三八|零零一三|八零零零",
        "the number is five|five|one two",
        "we have three million|two hundred thousand people",
        "我想去的|地方很远",
        "we went to the|old town last week",
        "我们学习 deep|learning 的方法",
        "这件事情|的原因很多",
        "我|我觉得可以",
        "我们明天再说|好",
    ],
)
def test_no_comma_is_placed_where_it_disturbs(spoken):
    assert not re.search("[,，]", punctuated(spoken))


def test_somebody_who_dictates_word_by_word_gets_no_comma_after_each():
    assert punctuated("今|天|天|气|很|好") == "今天天气很好。"
    assert punctuated("please|write|this|down|slowly") == "Please write this down slowly."


@pytest.mark.parametrize("silence_after", [0.0, 0.1])
def test_speech_that_was_cut_gets_no_full_stop(silence_after):
    assert punctuated("我们明天去北京", silence_after) == "我们明天去北京"
    assert punctuated("good morning", silence_after) == "Good morning"


def test_a_sentence_does_not_end_in_a_word_that_waits_for_another():
    assert punctuated("我喜欢苹果和") == "我喜欢苹果和"
    assert punctuated("it is because of the") == "It is because of the"
    assert punctuated("这本书是我的") == "这本书是我的。"


def test_figures_alone_stay_as_they_are():
    assert punctuated("138 1380") == "138 1380"


def test_marks_of_the_model_are_kept_and_none_is_added():
    said = words("你好， 我们走吧。 好的")
    assert is_punctuated(said)
    assert PausePunctuator().punctuate(said, 9.0) == tuple(said)


def test_a_dot_that_figures_brought_is_not_doubled():
    said = [*words("we meet at"), Word("5 p.m.", 0.6, 1.2, 0.9, raw="five p m")]
    assert PausePunctuator().punctuate(said, 2.0)[-1].text == "5 p.m."


def test_a_mark_leaves_the_spoken_form_and_the_times_alone():
    said = (Word("35%", 1.0, 2.0, 0.8, raw="百分之三十五"), Word("吧", 2.0, 2.2, 0.9))
    first, last = PausePunctuator().punctuate(said, 3.0)
    assert first == said[0]
    assert last == Word("吧。", 2.0, 2.2, 0.9, raw="吧")
    assert marked(said[0], "。") == Word("35%。", 1.0, 2.0, 0.8, raw="百分之三十五")


def test_no_words_stay_no_words():
    assert PausePunctuator().punctuate((), 1.0) == ()


@pytest.mark.parametrize("spoken", ["你准备好了吗", "我很好|你呢", "你说对不对", "他去了哪里呢", "这样可以么"])
def test_chinese_questions(spoken):
    assert punctuated(spoken).endswith("？")


@pytest.mark.parametrize(
    "spoken", ["我还没呢", "他正在开会呢", "没什么", "我不知道该怎么", "就是这么", "他问你好吗|我说好"]
)
def test_chinese_statements_are_not_taken_for_questions(spoken):
    assert punctuated(spoken).endswith("。")


@pytest.mark.parametrize(
    "text",
    [
        "could you check this",
        "what is your name",
        "how many people came",
        "is the shop open",
        "what's the time",
        "do you know",
        "have they left",
        "well|can we go now",
    ],
)
def test_english_questions(text):
    assert punctuated(text).endswith("?")


@pytest.mark.parametrize(
    "text",
    [
        "when i was young we moved",
        "do it now",
        "have the report ready",
        "what a day",
        "may the best team win",
        "how nice",
        "will power matters",
    ],
)
def test_english_statements_are_not_taken_for_questions(text):
    assert punctuated(text).endswith(".")


def test_no_words_ask_nothing():
    assert not is_english_question([])
    assert not is_english_question(["what's"])
    assert not is_chinese_question("")
