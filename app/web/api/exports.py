"""Many transcripts as one download; histories and batches share it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from fastapi import Depends, Query
from starlette.responses import StreamingResponse

from app.domain.errors.base import N_
from app.domain.errors.requests import InvalidParameter
from app.domain.transcript import ExportStyle
from app.formats.archive import Member, find_archive_format
from app.formats.reader import Reader
from app.i18n import LANGUAGES, translator
from app.web.answers.history import zone_of
from app.web.forms.file_names import content_disposition
from app.web.labels import labels_in
from app.web.openapi import Responses, content

ARCHIVE_CONTENT: Responses = content(
    200,
    "All of them in one file: a zip, a table with a row for each, or a list with their segments.",
    {
        "application/zip": "(bytes)",
        "text/csv": "name,state,language,duration_s,created_at,text,text_raw,error\n会议.mp3,succeeded,zh,...\n",
        "application/json": '[{"name": "会议.mp3", "text": "今天天气很好。", "segments": []}]',
    },
)


def _reader(
    locale: Annotated[
        str,
        Query(
            max_length=16,
            description="Word headings and states for a person who reads this language; without it, as programs read "
            "them. One of: " + ", ".join(LANGUAGES),
            examples=["zh"],
        ),
    ] = "",
    zone: Annotated[
        str, Query(max_length=64, description="The time zone of that person.", examples=["Asia/Shanghai"])
    ] = "UTC",
) -> Reader | None:
    if not locale:
        return None
    if locale not in LANGUAGES:
        raise InvalidParameter(name="locale", reason=N_("the pages are not written in this language"))
    labels = labels_in(locale)
    return Reader(translator(locale), labels["job_state"], labels["language"], zone_of(zone))


def _style(
    line_length: Annotated[
        int | None, Query(description="Subtitles: columns of a line, 10 to 200 (42); a Chinese character takes two.")
    ] = None,
    lines: Annotated[int | None, Query(description="Subtitles: lines of a cue, 1 to 4 (1).")] = None,
    cue_min_s: Annotated[
        float | None, Query(description="Subtitles: a shorter cue stays so long, or until the next one (0).")
    ] = None,
    cue_max_s: Annotated[float | None, Query(description="Subtitles: longer speech is cut (7).")] = None,
    channel_names: Annotated[
        str,
        Query(
            max_length=400,
            description="Who speaks on the channels, parted by commas, in place of their numbers.",
            examples=["agent,customer"],
        ),
    ] = "",
) -> ExportStyle:
    return ExportStyle.of(channel_names, line_length=line_length, lines=lines, cue_min_s=cue_min_s, cue_max_s=cue_max_s)


StyleDep = Annotated[ExportStyle, Depends(_style)]
"""How subtitles are cut, and what channels are called."""
ReaderDep = Annotated[Reader | None, Depends(_reader)]
"""Who is to read a file; None is a program."""


def archive_response(
    members: Iterable[Member], format: str, name: str, reader: Reader | None, style: ExportStyle
) -> StreamingResponse:
    """Send `members` as one file called `name`, without holding them all in memory.

    Raises:
        UnknownFormat
    """
    chosen = find_archive_format(format, style)
    headers = {"content-disposition": content_disposition("attachment", f"{name}.{chosen.suffix}")}
    return StreamingResponse(chosen.write(members, reader), media_type=chosen.media_type, headers=headers)
