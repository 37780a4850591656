"""Pages join texts exactly as the server does, whatever language they are in."""

from __future__ import annotations

from itertools import product

from playwright.sync_api import Page

from app.domain.transcript import join_texts

TEXTS = (
    "今天",
    "好。",
    "，然后",
    "Python",
    "GPT4",
    "4G",
    "35",
    "%",
    "18.5%",
    "is",
    "it's",
    "one,",
    "done.",
    "(yes)",
    "”",
    "안녕하세요",
    "감사합니다.",
    "서울,",
    "ありがとう",
    "カタカナ。",
    "ｶﾀ",
    "éclair",
    "Ångström",
    "привет",
    "𠮷野",
    "😀",
    "…",
    "「引用」",
    "２０２６",
    " spaced ",
)


def test_a_page_joins_every_two_texts_as_the_server_does(page: Page) -> None:
    pairs = [list(pair) for pair in product(TEXTS, repeat=2)]

    joined = page.evaluate(
        """async (pairs) => {
            const { joined } = await import("/static/js/lib/joining.js");
            return pairs.map(([left, right]) => joined(left.trim(), right.trim()));
        }""",
        pairs,
    )

    expected = [join_texts(pair) for pair in pairs]
    assert [(p, j, e) for p, j, e in zip(pairs, joined, expected, strict=True) if j != e] == []
