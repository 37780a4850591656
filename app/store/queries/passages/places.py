"""Passages of the transcriptions on one page that contain a term.

On a server each query costs a journey, so that one asks for all transcriptions; in a file twenty short ones do the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    JSON,
    ColumnElement,
    CompoundSelect,
    Connection,
    Integer,
    Select,
    Text,
    bindparam,
    column,
    exists,
    func,
    literal_column,
    select,
    true,
    union_all,
)

from app.store.database import Row
from app.store.functions import instr
from app.store.queries.search import POSTGRESQL
from app.store.tables import edits, segments

EXCERPTS = 3  # excerpts shown per transcription

_TERM = func.lower(bindparam("term", type_=Text))
_MOST = bindparam("most", type_=Integer)


def places(connection: Connection, ids: Sequence[str], term: str) -> Mapping[str, list[Row]]:
    """Return the first passages of each transcription that contain `term`: segments, and their edits."""
    found = _asked(connection, _PLACES, ids, term, EXCERPTS)
    return {id: sorted(rows, key=lambda row: float(row["start"]))[:EXCERPTS] for id, rows in found.items()}


def segments_with(connection: Connection, ids: Sequence[str], term: str, most: int) -> Mapping[str, list[Row]]:
    """Return the first segments of each transcription that contain `term`, as recognised, with their words."""
    return _asked(connection, _SEGMENTS, ids, term, most)


def _asked(
    connection: Connection, queries: Mapping[str, Select[Any]], ids: Sequence[str], term: str, most: int
) -> dict[str, list[Row]]:
    query, values = queries[connection.dialect.name], {"term": term, "most": most}
    asked = [{"ids": list(ids)}] if connection.dialect.name == POSTGRESQL else [{"id": id} for id in ids]
    found: dict[str, list[Row]] = {id: [] for id in ids}
    for each in asked if ids else ():
        for row in connection.execute(query, values | each).mappings():
            found[row["of"]].append(dict(row))
    return found


def _places(id: ColumnElement[Any], start: ColumnElement[Any], written: ColumnElement[Any]) -> CompoundSelect[Any]:
    """Build the query of `places` from the values of an edit's piece; each half stops when it has found enough."""
    is_edited = exists().where(edits.c.transcription_id == id, segments.c.index.between(edits.c.first, edits.c.last))
    recognised = (
        select(segments.c.index, segments.c.start, segments.c.text)
        .where(segments.c.transcription_id == id, instr(func.lower(segments.c.text), _TERM) > 0, ~is_edited)
        .order_by(segments.c.index)
        .limit(_MOST)
    )
    by_hand = (
        select(edits.c.first, start, written)
        .where(edits.c.transcription_id == id, instr(func.lower(written), _TERM) > 0)
        .order_by(edits.c.first)
        .limit(_MOST)
    )
    return union_all(*(select(half.subquery()) for half in (recognised, by_hand)))


def _with_term(id: ColumnElement[Any]) -> Select[Any]:
    has_term = instr(func.lower(segments.c.text), _TERM) > 0
    query = select(segments).where(segments.c.transcription_id == id, has_term)
    return query.order_by(segments.c.index).limit(_MOST)


def _piece_in_sqlite() -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    piece = func.json_each(edits.c.pieces).table_valued("value", joins_implicitly=True)
    return func.json_extract(piece.c.value, "$.start"), func.json_extract(piece.c.value, "$.text")


def _piece_in_postgresql() -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    piece = func.json_array_elements(edits.c.pieces, type_=JSON).column_valued("piece", joins_implicitly=True)
    return piece["start"].as_float(), piece["text"].as_string()


def _for_one(query: CompoundSelect[Any] | Select[Any]) -> Select[Any]:
    found = query.subquery()
    return select(_ONE.label("of"), *found.c)


def _for_several(query: CompoundSelect[Any] | Select[Any]) -> Select[Any]:
    listed = func.unnest(bindparam("ids", type_=ARRAY(Text)))
    wanted, found = (
        listed.table_valued(column("id", Text), name="wanted").render_derived("wanted"),
        query.lateral("found"),
    )
    return select(wanted.c.id.label("of"), *found.c).select_from(wanted.join(found, true()))


_ONE = bindparam("id", type_=Text)
_EACH: ColumnElement[Any] = literal_column("wanted.id", Text)
_PLACES = {
    "sqlite": _for_one(_places(_ONE, *_piece_in_sqlite())),
    POSTGRESQL: _for_several(_places(_EACH, *_piece_in_postgresql())),
}
_SEGMENTS = {"sqlite": _for_one(_with_term(_ONE)), POSTGRESQL: _for_several(_with_term(_EACH))}
"""Built once: building a query costs more than running it."""
