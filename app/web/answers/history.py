"""Parses history filters and builds history responses; shared by the REST API and the page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import Depends, Query
from pydantic import BeforeValidator

from app.domain.errors.base import N_
from app.domain.errors.requests import InvalidParameter
from app.domain.states import JobState
from app.services.transcriptions.history import HistoryFilter, HistoryPosition
from app.web.answers.transcriptions import item_answer
from app.web.schemas.base import refuse_number
from app.web.schemas.history import (
    BatchReference,
    ExcerptAnswer,
    FoundItem,
    MatchAnswer,
    NamedSpeaker,
    TranscriptionPage,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.i18n import Translate
    from app.services.transcriptions.history import HistoryPage, Piece, Result

Moment = Annotated[datetime, BeforeValidator(refuse_number)]
LONGEST_QUERY = 200  # characters
LARGEST_PAGE = 200  # items
LAST_MS = 10**14  # upper bound of a row's number


def wanted_by(
    query: Annotated[
        str,
        Query(
            max_length=LONGEST_QUERY,
            description="Words of names or texts: all of them, each as it may begin; a phrase stands in quotes.",
            examples=["会议"],
        ),
    ] = "",
    state: Annotated[JobState | None, Query(description="Only this state.")] = None,
    language: Annotated[
        str,
        Query(max_length=16, description="Only this language: `zh`, `en`, `zh-en`, `none` ...", examples=["zh"]),
    ] = "",
    source: Annotated[
        str,
        Query(max_length=16, description="Only what came from here: `page`, `api`, `cli` ...", examples=["page"]),
    ] = "",
    since: Annotated[
        Moment | None,
        Query(description="Created at this moment or later.", examples=["2026-11-01T00:00:00Z"]),
    ] = None,
    until: Annotated[
        Moment | None, Query(description="Created before this moment.", examples=["2026-12-01T00:00:00Z"])
    ] = None,
    speaker: Annotated[
        str,
        Query(
            max_length=LONGEST_QUERY,
            description="Only where somebody of this name speaks; with `query`, who says it.",
            examples=["Anna"],
        ),
    ] = "",
) -> HistoryFilter:
    span = _aware("since", since), _aware("until", until)
    return HistoryFilter(query.strip(), state, language, source, *span, speaker=speaker.strip())


WantedDep = Annotated[HistoryFilter, Depends(wanted_by)]
Cursor = Annotated[str, Query(max_length=64, pattern=r"^(\d{1,15}(-\d{1,18})?)?$")]
Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE, description="Most items to return.")]


def place_of(cursor: str) -> HistoryPosition | None:
    """Return the position encoded by `cursor_of`; None if empty."""
    if not cursor:
        return None
    number, _, microseconds = cursor.partition("-")
    place = HistoryPosition(min(int(number), LAST_MS))
    if not microseconds:
        return place
    return HistoryPosition(place.number, datetime.fromtimestamp(min(int(microseconds), LAST_MS * 1000) / 1e6, UTC))


def cursor_of(place: HistoryPosition | None) -> str | None:
    if place is None:
        return None
    if place.deleted_at is None:
        return str(place.number)
    return f"{place.number}-{round(place.deleted_at.timestamp() * 1e6)}"


def page_answer(found: HistoryPage, limit: int, offset: int, translate: Translate) -> TranscriptionPage:
    return TranscriptionPage(
        items=[found_item(result, translate) for result in found.results],
        total=found.total,
        is_more=found.is_more,
        limit=limit,
        offset=offset,
        older=cursor_of(found.older),
        newer=cursor_of(found.newer),
    )


def found_item(result: Result, translate: Translate) -> FoundItem:
    return FoundItem(
        **item_answer(result.transcription, translate).model_dump(),
        deleted_at=result.deleted_at,
        name_pieces=_pieces(result.name),
        excerpts=[
            ExcerptAnswer(start=excerpt.start, segment=excerpt.segment, pieces=_pieces(excerpt.pieces))
            for excerpt in result.excerpts
        ],
        speakers=[
            NamedSpeaker(name="".join(each.text for each in name), pieces=_pieces(name)) for name in result.speakers
        ],
        batch=BatchReference(id=result.batch[0], name=result.batch[1]) if result.batch else None,
    )


def zone_of(name: str) -> ZoneInfo:
    """Return the time zone of this name.

    Raises:
        InvalidParameter: there is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidParameter(name="zone", reason=N_("there is no such time zone")) from error


def _pieces(pieces: Iterable[Piece]) -> list[MatchAnswer]:
    return [MatchAnswer(text=piece.text, is_match=piece.is_match) for piece in pieces]


def _aware(name: str, moment: datetime | None) -> datetime | None:
    """Return `moment`, taken as UTC if it has no time zone."""
    if moment is None:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    try:
        aware.timestamp()
    except (OverflowError, ValueError) as error:
        raise InvalidParameter(name=name, reason=N_("it is out of bounds")) from error
    return aware
