"""One word for each thing: no user-visible text has a word that the glossary replaced."""

from __future__ import annotations

from app.i18n import catalogue
from tests.conftest import REPOSITORY

COLUMNS = 4


def test_no_text_uses_a_word_that_the_glossary_has_replaced() -> None:
    texts = [text for message in catalogue("zh") if message.id for text in (str(message.id), str(message.string))]

    found = [(word, text) for word in replaced_words() for text in texts if word in text]

    assert found == []


def test_every_chinese_word_of_the_glossary_is_used() -> None:
    wordings = [str(message.string) for message in catalogue("zh") if message.id]

    unused = [row[2] for row in glossary() if not any(row[2] in wording for wording in wordings)]

    assert unused == []


def replaced_words() -> list[str]:
    return [word for row in glossary() for word in row[3].split("、") if word]


def glossary() -> list[list[str]]:
    lines = (REPOSITORY / "docs" / "glossary.md").read_text(encoding="utf-8").splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    return [row for row in rows if len(row) == COLUMNS][1:]
