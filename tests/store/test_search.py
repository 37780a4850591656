"""The search index: text is found as people search for it, and no query breaks it."""

from __future__ import annotations

import random

import pytest

from app.store.queries import search, transcriptions
from tests.store.conftest import SavedTranscriptions

TEXT = "今天我们在3楼会议室讨论预算，John 的 budget plan 是 100% OK。Café naïve 明天见 🎉"


@pytest.mark.parametrize(
    "query",
    [
        *("会议", "会议室", "我们在3楼", "预算", "议室讨论", "会", "室", "3楼", "明天见"),
        *(
            "budget",
            "BUDGET",
            "bud",
            "budget plan",
            "plan budget",
            "john",
            "100",
            "100%",
            "cafe",
            "Café",
            "naive",
        ),
        *(
            "会议 预算",
            "预算 budget",
            '"budget plan"',
            "“预算”",
            "会议,预算",
            "预算，john",
            '"讨论预算',
            "🎉明天见",
            "ｂｕｄｇｅｔ",
        ),
    ],
)
def test_what_was_said_is_found(saved: SavedTranscriptions, query: str) -> None:
    id = saved.add(TEXT)
    saved.add("别的内容 something else")

    assert saved.found(query) == [id]


@pytest.mark.parametrize(
    "query",
    [
        "议会",
        "室会",
        "我们讨论",
        '"plan budget"',
        "udget",
        "会议 合同",
        "budget contract",
        "10",
        "楼3",
        "天见面",
    ],
)
def test_what_was_not_said_is_not_found(saved: SavedTranscriptions, query: str) -> None:
    saved.add(TEXT.replace("100", "1 00"))

    assert saved.found(query) == []


@pytest.mark.parametrize(
    "query",
    [
        "",
        " ",
        "*",
        '"',
        '""',
        '"""',
        "'",
        "🎉",
        "，。",
        "%",
        "_",
        "-",
        "()",
        "^",
        "\\",
        "\x00",
        "\ud800",
        ":",
        "{a",
        "…",
    ],
)
def test_a_question_without_letters_asks_for_nothing(query: str) -> None:
    assert not search.phrases(query) or "a" in query


@pytest.mark.parametrize(
    "query",
    ["AND", "OR", "NOT", "NEAR", "NEAR(a b)", "name:会议", "a*b", 'a"b', "^a", "a -b", "col : x", "会*议"],
)
def test_the_words_of_the_index_language_are_words_like_others(saved: SavedTranscriptions, query: str) -> None:
    id = saved.add(f"this is {query} as it was said")

    assert saved.found(query) == [id]


def test_no_question_breaks_the_index(saved: SavedTranscriptions) -> None:
    saved.add(TEXT)
    chance = random.Random(3)
    signs = "会议a1 \"*()^-+:{}\\'%_\x00,，。🎉\ud800ＡÉß㍿ｱ\u0301\u200b\ufeff"

    for _ in range(500):
        saved.found("".join(chance.choice(signs) for _ in range(chance.randint(1, 12))))
    saved.found("会" * 10_000)
    saved.found("a " * 10_000)


def test_a_rename_and_a_new_text_are_found_and_the_old_ones_not(saved: SavedTranscriptions) -> None:
    id = saved.add("旧的文字", name="old.wav")
    with saved.database.writing() as connection:
        transcriptions.change(connection, id, name="new.wav", text="新的内容")

    assert (saved.found("旧的"), saved.found("old")) == ([], [])
    assert (saved.found("新的"), saved.found("new")) == ([id], [id])


def test_what_is_removed_leaves_no_word_behind(saved: SavedTranscriptions) -> None:
    id = saved.add("会议")
    with saved.database.writing() as connection:
        transcriptions.remove(connection, id)
        left = connection.exec_driver_sql("SELECT count(*) FROM search_index").scalar()

    assert left == 0


def test_a_pattern_finds_in_the_text_what_the_index_has_found() -> None:
    for term, told in (
        ("会议室", "会议室"),
        ("BUDGET", "budget"),
        ("3楼", "3楼"),
        ("100%", "100"),
        ("讨论预算", "讨论预算"),
    ):
        match = search.pattern(term).search(TEXT)
        assert match
        assert match.group() == told
    assert search.pattern("udget").search(TEXT) is None
