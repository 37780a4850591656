"""Many transcripts as one download; histories and batches share it."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.responses import StreamingResponse

from app.formats.archive import Member, find_archive_format
from app.web.forms.file_names import content_disposition
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


def archive_response(members: Iterable[Member], format: str, name: str) -> StreamingResponse:
    """Send `members` as one file called `name`, without holding them all in memory.

    Raises:
        UnknownFormat
    """
    chosen = find_archive_format(format)
    headers = {"content-disposition": content_disposition("attachment", f"{name}.{chosen.suffix}")}
    return StreamingResponse(chosen.write(members), media_type=chosen.media_type, headers=headers)
