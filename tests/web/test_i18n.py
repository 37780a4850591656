"""The choice of language, and that every text has a Chinese translation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir

from app.domain.reasons import DAMAGED_PLACES
from app.i18n import LANGUAGES, catalogue, pick_language, script_texts, translator

REPOSITORY = Path(__file__).resolve().parents[2]
KEYWORDS = {"_": None, "N_": None, "t": None}
SOURCES = (
    ("app", "**.py", "python"),
    ("templates", "**.html", "jinja2"),
    ("static/js", "**.js", "javascript"),
)
PLACEHOLDER = re.compile(r"\{\w+\}")
TRANSLATED = pytest.mark.parametrize("language", [code for code in LANGUAGES if code != "en"])


def texts_in_sources() -> Iterator[tuple[str, str]]:
    for folder, pattern, method in SOURCES:
        found = extract_from_dir(REPOSITORY / folder, [(pattern, method)], keywords=KEYWORDS)
        for file, _line, text, _comments, _context in found:
            yield f"{folder}/{file}", str(text)


@pytest.fixture(scope="module", name="texts")
def _texts() -> dict[str, set[str]]:
    """Every text that people read, with the files it stands in."""
    places: dict[str, set[str]] = {}
    for file, text in texts_in_sources():
        places.setdefault(text, set()).add(file)
    return places


@TRANSLATED
def test_every_text_is_translated(language: str, texts: dict[str, set[str]]) -> None:
    translate = translator(language)

    missing = sorted(text for text in texts if translate(text) == text)

    assert len(texts) > 200
    assert missing == []


@TRANSLATED
def test_a_catalogue_holds_no_text_that_is_gone(language: str, texts: dict[str, set[str]]) -> None:
    gone = sorted(str(message.id) for message in catalogue(language) if message.id and message.id not in texts)

    assert gone == []


@TRANSLATED
def test_wordings_keep_the_places_of_names_and_numbers(language: str) -> None:
    for message in catalogue(language):
        wanted = set(PLACEHOLDER.findall(str(message.id)))

        assert set(PLACEHOLDER.findall(str(message.string))) == wanted, message.id


@TRANSLATED
def test_every_text_of_a_script_is_sent_to_the_browser(language: str, texts: dict[str, set[str]]) -> None:
    of_scripts = {text for text, files in texts.items() if any(file.startswith("static/js/") for file in files)}

    assert of_scripts <= set(script_texts(language))
    assert script_texts("en") == {}


def test_a_reason_is_worded_with_its_figures() -> None:
    assert DAMAGED_PLACES.of(count=3).told(translator("zh")) == "跳过的损坏处: 3"
    assert str(DAMAGED_PLACES.of(count=3)) == "Damaged places that were skipped: 3"


@pytest.mark.parametrize(
    ("cookie", "accept_language", "expected"),
    [
        (None, None, "zh"),
        (None, "", "zh"),
        (None, "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        (None, "en-GB,en;q=0.9,zh;q=0.1", "en"),
        (None, "en;q=0.1,zh;q=0.9", "zh"),
        (None, "de, fr", "en"),
        (None, "de, zh-TW;q=0.4", "zh"),
        (None, "zh;q=0, en;q=nonsense", "en"),
        ("en", "zh-CN", "en"),
        ("zh", "en", "zh"),
        ("klingon", "en", "en"),
    ],
)
def test_the_chosen_language_wins_then_the_wish_of_the_browser(
    cookie: str | None, accept_language: str | None, expected: str
) -> None:
    assert pick_language(cookie, accept_language) == expected


NAMED_BUTTON = re.compile(
    r"""<button[^>]*aria-label="\{\{ _\('(?P<name>[^']+)'[^>]*>(?:\{\{ icon\([^)]*\) \}\})?\{\{ _\("(?P<text>[^"]+)"\) \}\}</button>"""
)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_name_of_a_button_holds_the_text_that_is_seen(language: str) -> None:
    """Who speaks to a computer says what stands there (WCAG 2.5.3)."""
    said = translator(language)
    buttons = [
        match
        for page in (REPOSITORY / "templates").rglob("*.html")
        for match in NAMED_BUTTON.finditer(page.read_text(encoding="utf-8"))
    ]

    assert len(buttons) >= 7
    wrong = [m["text"] for m in buttons if said(m["text"]).lower() not in said(m["name"]).lower()]
    assert wrong == []
