"""The search by speaker: which named speakers a transcription has, and what each of them says.

The full-text index has an entry for each name of a transcription. Its column `speaker` holds the name as one index word,
so that "what Wang says of the budget" is one match of the index; its rowid is that of the transcription's `number`, times
SLOTS, so that matches come in the order of the history.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    Integer,
    Select,
    TextClause,
    and_,
    column,
    delete,
    func,
    insert,
    literal,
    select,
    table,
    text,
)

from app.domain.edits import edit_from, overlaid
from app.domain.speakers import Speakers, with_speakers
from app.domain.transcript import Segment, join_texts
from app.store.postgresql import words
from app.store.queries import edits, search, segments
from app.store.queries.ownership import is_seen
from app.store.rows import segment_from
from app.store.tables import speaker_names, transcriptions

SLOTS = 32  # entries that one transcription may have: more than speakers
MOST_SUGGESTED = 50
MOST_LOOKED_AT = 2000  # names, most of them of speakers whom only others see
LAST = "\U0010ffff"  # no character comes after it

speaker_index = table(
    "speaker_index", column("rowid", Integer), *map(column, ("speaker", "text", "content", "words", "is_coarse"))
)
"""See `search_index`."""
_names = speaker_names.c


def folded(name: str) -> str:
    """Return the form in which a name is compared: neither case nor width of its letters matter."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def says_words(connection: Connection, name: str, query: str) -> ColumnElement[bool] | TextClause | None:
    """Return the condition on `speaker_index` for what somebody says; None if the query has nothing searchable."""
    found = search.phrases(query)
    if query.strip() and not found:
        return None
    if connection.dialect.name == search.POSTGRESQL:
        is_theirs = speaker_index.c.speaker == index_word(name)
        return and_(is_theirs, words.matches(speaker_index.c, found)) if found else is_theirs
    expression = f'speaker : "{index_word(name)}"'
    if found:
        expression += f" AND text : ({search.fts_expression(found)})"
    return text("speaker_index MATCH :expression").bindparams(expression=expression)


def index_names(connection: Connection, transcription_id: str, speakers: Speakers) -> None:
    """Update the index to the names of a transcription's speakers, and to what they say."""
    connection.execute(delete(speaker_names).where(_names.transcription_id == transcription_id))
    if speakers.names:
        recognised = [segment_from(row) for row in segments.of(connection, transcription_id, with_words=True)]
        shown = overlaid(recognised, [edit_from(row) for row in edits.of(connection, transcription_id)])
        add_names(connection, transcription_id, speakers, with_speakers(shown, speakers.turns))


def add_names(connection: Connection, transcription_id: str, speakers: Speakers, spoken: Iterable[Segment]) -> None:
    """Add the names of a transcription that has none in the index."""
    number = connection.scalar(select(transcriptions.c.number).where(transcriptions.c.id == transcription_id))
    if number is None:
        return
    names = {folded(name): name for name in reversed(list(speakers.names.values()))}
    texts = _texts(speakers, spoken)
    for slot, (key, name) in enumerate(sorted(names.items())[:SLOTS]):
        entry = number * SLOTS + slot
        row = {"id": entry, "transcription_id": transcription_id, "name": name, "folded_name": key}
        connection.execute(insert(speaker_names).values(row))
        said = search.entry(connection, text=search.split(texts.get(key, "")))
        connection.execute(insert(speaker_index).values(rowid=entry, speaker=index_word(name), **said))


def is_named(connection: Connection, transcription_id: str) -> bool:
    """Return whether a speaker of a transcription has a name."""
    return connection.scalar(select(_names.id).where(_names.transcription_id == transcription_id).limit(1)) is not None


def of_transcriptions(connection: Connection, ids: Iterable[str]) -> Mapping[str, list[str]]:
    """Return the names of the speakers of several transcriptions."""
    query = select(_names.transcription_id, _names.name).where(_names.transcription_id.in_(list(ids)))
    found: defaultdict[str, list[str]] = defaultdict(list)
    for id, name in connection.execute(query.order_by(_names.id)):
        found[id].append(name)
    return found


def suggested(connection: Connection, beginning: str) -> list[str]:
    """Return the first names that begin so, of speakers in transcriptions that the current actor sees.

    The index is asked for one name after the other: reading all rows would take seconds where there are many.
    """
    if connection.dialect.name != search.POSTGRESQL:
        return _one_after_the_other(connection, folded(beginning))
    keys = _keys(folded(beginning))
    newest = _newest_with(keys.c.key).scalar_subquery()
    found = select(newest.label("name")).where(keys.c.key.is_not(None)).subquery()
    query = select(found.c.name).where(found.c.name.is_not(None)).limit(MOST_SUGGESTED)
    return list(connection.scalars(query))


def _one_after_the_other(connection: Connection, begin: str) -> list[str]:
    """Ask for each name by itself: in a file that is quicker than one query, on a server each costs a journey."""
    found, last = list[str](), ""
    for _ in range(MOST_LOOKED_AT):
        next_name = select(func.min(_names.folded_name)).where(_names.folded_name > last)
        last = connection.scalar(next_name.where(_names.folded_name >= begin)) or ""
        if not last.startswith(begin) or not last or len(found) == MOST_SUGGESTED:
            break
        found += connection.scalars(_newest_with(last)).all()
    return found


def _keys(begin: str) -> CTE:
    """Select the folded names that begin so, in order, each once; the last one is null."""
    names = _names.folded_name
    begins_so = names.between(begin, begin + LAST)
    first = select(func.min(names).label("key"), literal(1).label("place")).where(begins_so)
    keys = first.cte("keys", recursive=True)
    following = select(func.min(names)).where(names > keys.c.key, begins_so).scalar_subquery()
    is_last = keys.c.key.is_(None) | (keys.c.place == MOST_LOOKED_AT)
    return keys.union_all(select(following, keys.c.place + 1).where(~is_last))


def _newest_with(key: ColumnElement[str] | str) -> Select[Any]:
    is_shown = transcriptions.c.deleted_at.is_(None) & transcriptions.c.delete_requested.is_(False)
    joined = select(_names.name).join(transcriptions, transcriptions.c.id == _names.transcription_id)
    return joined.where(_names.folded_name == key, is_shown, is_seen()).order_by(_names.id.desc()).limit(1)


def _texts(speakers: Speakers, spoken: Iterable[Segment]) -> Mapping[str, str]:
    """Return what is said by each name."""
    said: defaultdict[str, list[str]] = defaultdict(list)
    for segment in spoken:
        if name := speakers.names.get(segment.speaker or 0):
            said[folded(name)].append(segment.text)
    return {key: join_texts(texts) for key, texts in said.items()}


def index_word(name: str) -> str:
    """Return a name as one word of the index, whatever characters it has."""
    return "n" + folded(name).encode(errors="replace").hex()
