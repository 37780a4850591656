"""The full-text index of names and texts: how text is split into index words, and a query into a match expression.

SQLite's index splits words at spaces, which Chinese lacks. So each run of characters is indexed as overlapping pairs
plus its last character: 会议室 becomes "会议 议室 室". A query of two characters is then one index word, one of three a
phrase of two words, and a single character a word prefix.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

from sqlalchemy import Connection, column, delete, insert, select, table

from app.store.tables import speaker_names, transcriptions

search_index = table("search_index", column("rowid"), column("name"), column("text"))
"""The virtual table; the rowid of an entry is the `number` of its transcription."""

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


def match(query: str) -> str | None:
    """Return the FTS match expression for `query`; None if it has nothing searchable.

    All terms must occur, in any order; a term in quotes is a phrase, and the last word of each is a prefix. Words are
    letters and digits in quotes added here, so that nothing in them can be an operator.
    """
    phrases = [_phrase(term) for term in terms(query)]
    return " ".join(phrases) or None


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
    connection.execute(insert(search_index).values(rowid=number, name=names, text=split(text)))


def forget(connection: Connection, number: int) -> None:
    connection.execute(delete(search_index).where(search_index.c.rowid == number))


def _runs(text: str) -> list[tuple[str, bool]]:
    """Return the runs of one script, and whether each is written without spaces."""
    found = _RUNS.findall(unicodedata.normalize("NFKC", text))
    return [(unspaced or figures or letters, bool(unspaced)) for unspaced, figures, letters in found]


def _words(run: str, is_unspaced: bool) -> list[str]:
    return [first + second for first, second in pairwise(run)] + [run[-1]] if is_unspaced else [run]


def _phrase(term: str) -> str:
    """Return `term` as a phrase of index words."""
    runs = _runs(term)
    words = [word for run, is_unspaced in runs for word in _words(run, is_unspaced)]
    last, is_unspaced = runs[-1]
    if is_unspaced and len(last) > 1:
        return f'"{" ".join(words[:-1])}"'
    return f'"{" ".join(words)}"*'


def _is_latin(run: str) -> bool:
    return run[0].isascii() and run[0].isalpha()
