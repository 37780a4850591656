"""Of a prompt the names and terms are listened for, never the words of a sentence."""

from __future__ import annotations

import pytest

from app.web.openai.prompts import terms_of


@pytest.mark.parametrize(
    ("prompt", "terms"),
    [
        ("Glossary: ZyntriQix, Digique Plus, 声学模型", ["ZyntriQix", "Digique Plus", "声学模型"]),
        ("ZyntriQix, VortiQore V8, B.R.I.C.K.", ["ZyntriQix", "VortiQore V8", "B.R.I.C.K"]),
        ("张三、李四、语音识别", ["张三", "李四", "语音识别"]),
        ("术语表：转写；声纹", ["转写", "声纹"]),
        ("kubernetes, terraform, ansible", ["kubernetes", "terraform", "ansible"]),
        ("The talk is about OpenAI, GPT-3 and the hope of an AGI.", ["GPT-3", "OpenAI", "AGI"]),
        ("He said “Route 66” again.", ["Route 66"]),
        ("请转写《红楼梦》的朗读。", ["红楼梦"]),
    ],
)
def test_names_and_terms_are_found(prompt: str, terms: list[str]) -> None:
    assert list(terms_of(prompt)) == terms


@pytest.mark.parametrize(
    "prompt",
    [
        "",
        " ",
        "以下是普通话的句子。",
        "今天天气很好，我们去公园玩，大家都很开心",
        "Hello, how are you doing, fine thanks",
        "Umm, let me think like, hmm... Okay, here's what I'm, like, thinking.",
        f"Names: {'x' * 200}",
        ", ; 、 。",
        "\x00\ud800",
    ],
)
def test_prose_and_nonsense_hold_none(prompt: str) -> None:
    assert terms_of(prompt) == ()


def test_a_long_list_ends_somewhere() -> None:
    assert len(terms_of(", ".join(f"Name{number}" for number in range(5000)))) == 100
