"""The full-text index of PostgreSQL, which answers as SQLite's does.

A row of an index holds its index words twice. `words` is the set of them for a GIN index: each word, and the first one
to three characters of longer ones behind a ^, so that a short beginning is two entries instead of thousands. `content` is
the words in order, where phrases are looked for: positions in a tsvector end at 16,383, in the second hour of a recording.

A tsvector has at most 1 MB. A text of more different words than that has only their first characters in `words`, behind
a ~ (it is coarse), and all of a query is looked for in `content`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Text, and_, cast, func, literal, or_
from sqlalchemy.types import UserDefinedType

from app.store.functions import instr

BEGINNINGS = 3  # characters
LONGEST_KEY = 200  # characters of a word in the index
LARGEST_SET = 600_000  # bytes; PostgreSQL needs further ones for each word
BETWEEN = " \n "  # of two columns: no phrase reaches across


@dataclass(frozen=True, slots=True)
class Phrase:
    """Index words that follow each other in a text; the last one may be only the beginning of a word."""

    words: tuple[str, ...]
    is_prefix: bool


def entry(*columns: str) -> dict[str, Any]:
    """Return the values of a row for the index words in each column, separated by spaces."""
    content, keys, is_coarse = _entry(columns)
    words = func.array_to_tsvector(cast(sorted(keys), ARRAY(Text)))
    return {"content": content, "words": words, "is_coarse": is_coarse}


def copied_entry(*columns: str) -> tuple[str, str, bool]:
    """Return content, words and is_coarse of the same row as COPY takes them."""
    content, keys, is_coarse = _entry(columns)
    return content, " ".join(f"'{key}'" for key in keys), is_coarse


def _entry(columns: Sequence[str]) -> tuple[str, set[str], bool]:
    content = BETWEEN.join(map(fold, columns))
    words = set(content.split())
    keys = {word[:LONGEST_KEY] for word in words}
    for length in range(1, BEGINNINGS + 1):
        keys |= {"^" + word[:length] for word in words if len(word) > length}
    is_coarse = len("".join(keys).encode()) > LARGEST_SET
    if is_coarse:
        keys = {"~", *(f"~{word[0]}" for word in words)}
    return f" {content} ", keys, is_coarse


def matches(columns: Any, phrases: Sequence[Phrase]) -> ColumnElement[bool]:
    """Return the condition that all phrases occur in a row with these columns."""
    folded = [Phrase(tuple(map(fold, phrase.words)), phrase.is_prefix) for phrase in phrases]
    exact = " & ".join(term for phrase in folded for term in _terms(phrase))
    first = " & ".join(f"'~{word[0]}'" for phrase in folded for word in phrase.words)
    query = literal(f"({exact}) | ('~' & {first})", Text)
    found = columns.words.bool_op("@@")(cast(query, _TsQuery()))
    return and_(found, *(_checked(columns, phrase) for phrase in folded))


def fold(text: str) -> str:
    """Return index words without case and diacritics, by the rules of SQLite's tokenizer `unicode61`."""
    return text.lower() if text.isascii() else text.translate(_FOLDED)


def _checked(columns: Any, phrase: Phrase) -> ColumnElement[bool]:
    """Return the condition on the text itself, for what the set of words leaves open."""
    end = "" if phrase.is_prefix else " "
    occurs = instr(columns.content, literal(f" {' '.join(phrase.words)}{end}", Text)) > 0  # quicker than LIKE
    is_exact = len(phrase.words) == 1 and len(phrase.words[0]) < LONGEST_KEY
    return or_(columns.is_coarse.is_(False), occurs) if is_exact else occurs


def _terms(phrase: Phrase) -> Iterator[str]:
    """Yield the terms of a tsquery; words are letters and figures, so that quotes suffice."""
    *others, last = phrase.words
    for word in others if phrase.is_prefix else phrase.words:
        yield f"'{word[:LONGEST_KEY]}'"
    if phrase.is_prefix:
        yield f"('{last}' | '^{last}')" if len(last) <= BEGINNINGS else f"'{last[:LONGEST_KEY]}':*"


class _TsQuery(UserDefinedType[str]):
    """The type of that name; SQLAlchemy's own would have every start import all of its PostgreSQL."""

    cache_ok = True

    def get_col_spec(self, **_options: Any) -> str:
        return "tsquery"


class _Folding(dict[int, str]):
    """Folds one character, remembering it."""

    def __missing__(self, code: int) -> str:
        folded = self[code] = _folded(chr(code))
        return folded


def _folded(character: str) -> str:
    decomposed = unicodedata.normalize("NFD", character)
    base, marks = decomposed[0], decomposed[1:]
    if marks and base.isascii() and base.isalpha():
        return base.lower()
    folded = character.casefold()
    return folded if len(folded) == 1 else character.lower()[:1]


_FOLDED = _Folding()
