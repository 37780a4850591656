"""REST: what is done with many transcriptions at once, and the statistics. Listing them is in transcriptions.py."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from app.domain.errors.requests import InvalidParameter, RequestTooLarge, UnknownFormat
from app.services.transcriptions.exports import members
from app.services.transcriptions.trash import Deletion
from app.web.answers.history import WantedDep, zone_of
from app.web.api.exports import ARCHIVE_CONTENT, ReaderDep, StyleDep, archive_response
from app.web.dependencies import HistoryDep, QueueDep, TranslateDep, TrashDep
from app.web.openapi import errors
from app.web.pools import reads_slowly
from app.web.request import LARGEST_FORM_BYTES
from app.web.routers import ApiRouter
from app.web.schemas.history import (
    Clearing,
    DayAnswer,
    DeletionAnswer,
    ExportSelection,
    Selection,
    SpeakerNamesAnswer,
    StatisticsAnswer,
)

router = ApiRouter(prefix="/history", tags=["history"])

DAYS = 30  # told one by one in the statistics


@router.post("/delete", max_body_size=LARGEST_FORM_BYTES, responses=errors(RequestTooLarge, changes=True))
def delete_selection(selection: Selection, trash: TrashDep) -> DeletionAnswer:
    """Put these in the trash; jobs among them that wait or run are cancelled. `undo` brings all of them back."""
    return _deletion_answer(trash.move(selection.ids))


@router.post("/clear", max_body_size=LARGEST_FORM_BYTES, responses=errors(RequestTooLarge, changes=True))
def clear_history(wanted: WantedDep, _confirmed: Clearing, trash: TrashDep) -> DeletionAnswer:
    """Put everything that fits in the trash: without a filter, the whole history. `undo` brings it back."""
    return _deletion_answer(trash.put_found(wanted))


@router.post(
    "/export",
    max_body_size=LARGEST_FORM_BYTES,
    response_class=Response,
    responses=ARCHIVE_CONTENT | errors(UnknownFormat, InvalidParameter, RequestTooLarge, changes=True),
)
def export_selection(
    selection: ExportSelection, queue: QueueDep, translate: TranslateDep, reader: ReaderDep, style: StyleDep
) -> Response:
    """Take many transcripts away in one file; a zip tells beside them which have no text."""
    return archive_response(members(queue, selection.ids, translate), selection.format, "transcripts", reader, style)


@router.get("/statistics", responses=errors(InvalidParameter))
@reads_slowly
def get_statistics(
    history: HistoryDep,
    zone: Annotated[
        str, Query(max_length=64, description="The time zone of the days.", examples=["Asia/Shanghai"])
    ] = "UTC",
) -> StatisticsAnswer:
    """See how much there is of what, and how many recordings came on each of the last 30 days."""
    days = history.days(zone_of(zone), DAYS, datetime.now(UTC))
    return StatisticsAnswer(**asdict(history.totals()), days=[DayAnswer(day=day.date, count=day.count) for day in days])


@router.get("/speakers", responses=errors())
def list_speaker_names(
    history: HistoryDep,
    beginning: Annotated[str, Query(max_length=200, description="With which they begin.", examples=["Wa"])] = "",
) -> SpeakerNamesAnswer:
    """List the names that were given to speakers, for the filter `speaker`."""
    return SpeakerNamesAnswer(names=history.speakers(beginning))


def _deletion_answer(deletion: Deletion) -> DeletionAnswer:
    moment = deletion.moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
    return DeletionAnswer(count=deletion.count, undo=moment)
