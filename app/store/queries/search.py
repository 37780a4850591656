"""The full-text index of names and texts: how text is split into index words, and a query into phrases of them.

Databases split words at spaces, which Chinese lacks. So each run of characters is indexed as overlapping pairs
plus its last character: 会议室 becomes "会议 议室 室". A query of two characters is then one index word, one of three a
phrase of two words, and a single character a word prefix.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, Connection, TextClause, column, delete, insert, select, table, text

from app.store.postgresql import words
from app.store.postgresql.words import Phrase
from app.store.tables import speaker_names, transcriptions

POSTGRESQL = "postgresql"
search_index = table("search_index", *map(column, ("rowid", "name", "text", "content", "words", "is_coarse")))
"""The virtual table of SQLite, with a name and a text, or the table of PostgreSQL, with the other three columns.

The rowid of an entry is the `number` of its transcription.
"""

LONGEST_QUERY = 200  # characters
_UNSPACED = (
    r"\u0e00-\u0eff\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    r"\U00020000-\U0003ffff"
)
_RUNS = re.compile(rf"([{_UNSPACED}]+)|(\d+)|([^\W\d_{_UNSPACED}]+)")
_TERM = re.compile(r'"([^"]*)"?|([^\s"，、；。！？：]+)')
_COMMA = re.compile(r"(?<!\d)[,;]|[,;](?!\d)")  # but not in 100,000


def split(text: str) -> str:
    """Return `text` as index words separated by spaces."""
    return " ".join(word for run, is_unspaced in _runs(text) for word in _words(run, is_unspaced))


def has_words(connection: Connection, query: str) -> ColumnElement[bool] | TextClause | None:
    """Return the condition on `search_index` that `query` matches; None if it has nothing searchable.

    All terms must occur, in any order; a term in quotes is a phrase, and the last word of each is a prefix.
    """
    found = phrases(query)
    if not found:
        return None
    if connection.dialect.name == POSTGRESQL:
        return words.matches(search_index.c, found)
    return text("search_index MATCH :expression").bindparams(expression=fts_expression(found))


def phrases(query: str) -> list[Phrase]:
    """Return the terms of a query as phrases of index words; none if it has nothing searchable."""
    return [_phrase(term) for term in terms(query)]


def fts_expression(phrases: Iterable[Phrase]) -> str:
    """Return the expression of SQLite's index for all of `phrases`, in any order.

    Words are letters and digits in quotes added here, so that nothing in them can be an operator.
    """
    return " ".join(f'"{" ".join(phrase.words)}"' + "*" * phrase.is_prefix for phrase in phrases)


def terms(query: str) -> list[str]:
    """Split a query at spaces, commas and quotes, dropping terms without a letter or digit."""
    clean = query[:LONGEST_QUERY].encode(errors="replace").decode().replace("\0", " ")
    found = [quoted or plain for quoted, plain in _TERM.findall(_COMMA.sub(" ", clean))]
    return [term for term in found if _RUNS.search(term)]


def pattern(term: str) -> re.Pattern[str]:
    """Return a pattern that locates `term` in a text matched by the index."""
    pieces = [rf"(?<![^\W\d_]){run}" if _is_latin(run) else run for run, _ in _runs(term)]
    return re.compile(r"[\W_]*".join(pieces), re.IGNORECASE)


def runs_of(term: str) -> list[str]:
    """Return the runs of one script in `term`, in order."""
    return [next(filter(None, run)) for run in _RUNS.findall(term)]


def index_text(connection: Connection, id: str) -> None:
    """Update the index to the name and text of a transcription, and to the names of its speakers."""
    columns = (transcriptions.c.number, transcriptions.c.name, transcriptions.c.text)
    row = connection.execute(select(*columns).where(transcriptions.c.id == id)).one_or_none()
    if row is None:
        return
    number, name, text = row
    named = connection.scalars(select(speaker_names.c.name).where(speaker_names.c.transcription_id == id))
    names = " ".join(map(split, (name, *named)))
    forget(connection, number)
    connection.execute(insert(search_index).values(rowid=number, **entry(connection, name=names, text=split(text))))


def entry(connection: Connection, **columns: str) -> dict[str, Any]:
    """Return the values of an index entry for the index words of each column."""
    return words.entry(*columns.values()) if connection.dialect.name == POSTGRESQL else dict(columns)


def forget(connection: Connection, number: int) -> None:
    connection.execute(delete(search_index).where(search_index.c.rowid == number))


def _runs(text: str) -> list[tuple[str, bool]]:
    """Return the runs of one script, and whether each is written without spaces."""
    found = _RUNS.findall(unicodedata.normalize("NFKC", text))
    return [(unspaced or figures or letters, bool(unspaced)) for unspaced, figures, letters in found]


def _words(run: str, is_unspaced: bool) -> list[str]:
    return [first + second for first, second in pairwise(run)] + [run[-1]] if is_unspaced else [run]


def _phrase(term: str) -> Phrase:
    runs = _runs(term)
    found = tuple(word for run, is_unspaced in runs for word in _words(run, is_unspaced))
    last, is_unspaced = runs[-1]
    if is_unspaced and len(last) > 1:
        return Phrase(found[:-1], is_prefix=False)
    return Phrase(found, is_prefix=True)


def _is_latin(run: str) -> bool:
    return run[0].isascii() and run[0].isalpha()
