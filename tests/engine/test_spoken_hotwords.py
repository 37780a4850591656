"""Hotwords through the engine and the built-in model: homophones change, other sentences do not."""

import pytest

from app.domain.hotwords import Hotword, outcomes, parse_hotwords
from app.domain.options import RecognitionOptions
from app.domain.transcript import Segment
from app.engine import EngineSpec, Utterance
from app.engine.native.recognizer import load_engine
from app.paths import builtin_model_dir
from tests.engine.sounds import espeak

HOMOPHONES = (  # what is said, and a word that sounds like a part of it
    ("王医生不在", "亡医生"),
    ("他在学校", "学笑"),
    ("价格太贵", "价哥"),
    ("请把合同发给李经理", "和同"),
    ("刘老师说得很清楚", "流老师"),
    ("上海今天下雨", "商海"),
    ("会议在三楼", "会一"),
    ("请把报告发给林先生", "临先生"),
)
OTHERS = (
    "我们明天上午十点在会议室开会",
    "请把合同发给李经理",
    "这个项目的预算是三十万元",
    "请把文件发到我的邮箱",
    "我姐姐喜欢听音乐和跑步",
    "麻烦你打开空调",
)
NOT_SAID = parse_hotwords(
    "阿里巴巴 腾讯 百度 华为 小米 人工智能 神经网络 张伟 "
    "王芳 李娜 黄河 长江 西湖 故宫 清华大学 区块链 世界杯 "
    "OpenAI Kubernetes Python Google Alice Boston"
)

pytestmark = [
    pytest.mark.weights,
    pytest.mark.skipif(not (builtin_model_dir() / "final.pt").exists(), reason="models/builtin has no weights"),
    pytest.mark.skipif(espeak("好") is None, reason="espeak-ng is not installed"),
]


@pytest.fixture(scope="module")
def engine():
    return load_engine(EngineSpec(builtin_model_dir(), device="cpu", threads=1, dtype="float32"))


def hear(engine, text, *hotwords):
    options = RecognitionOptions(quality="balanced", hotwords=hotwords)
    [hypothesis] = engine.transcribe([Utterance(espeak(text, "cmn-latn-pinyin", 175), options)])
    return hypothesis


def test_most_homophones_turn_with_a_hotword_and_only_then(engine):
    turned = [
        word
        for text, word in HOMOPHONES
        if word not in hear(engine, text).text and word in hear(engine, text, Hotword(word, 30)).text
    ]
    assert len(turned) >= len(HOMOPHONES) / 2


def test_words_that_are_not_said_are_not_heard(engine):
    for text in OTHERS:
        found = hear(engine, text, *NOT_SAID).text_raw
        assert not [word for word in NOT_SAID if word.text.lower() in found]


def test_the_outcome_tells_when_a_word_was_heard_or_cannot_be_written(engine):
    words = (Hotword("邮箱"), Hotword("阿里巴巴"), Hotword("囧途"))
    hypothesis = hear(engine, "请把文件发到我的邮箱", Hotword("邮箱", 40), *words[1:])
    segment = Segment(3.0, 8.0, hypothesis.text, hypothesis.text_raw, words=hypothesis.words)
    receipt = engine.receipt(RecognitionOptions(hotwords=words))
    heard, not_said, unwritable = outcomes(words, [segment], receipt)
    assert heard.status == "matched"
    assert len(heard.places) == 1
    assert not_said.status == "not_heard"
    assert unwritable.status == "unusable"
    assert "囧" in unwritable.unknown
