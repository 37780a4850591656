"""REST and page of the log: look through it, follow it, take it away, and choose how much is written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from fastapi import Depends, Query
from pydantic import BaseModel, Field
from starlette.responses import StreamingResponse

from app.support.log_lines import LogEntry
from app.support.log_search import Filter, Page, latest, matching_text, since
from app.web.dependencies import SettingsDep
from app.web.openapi import content, errors
from app.web.pools import reads_slowly
from app.web.routers import ApiRouter

router = ApiRouter(prefix="/logs", tags=["system"])

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
FIRST_ENTRIES = 200
MOST_ENTRIES = 2000
FILE_NAME = "app.log"


class LogLine(BaseModel):
    """One event, with the lines of its traceback."""

    moment: str | None = Field(description="When, UTC.", examples=["2026-11-22T18:57:01.123000+00:00"])
    level: str = Field(examples=["INFO"])
    request: str = Field(description="Id of the request; empty where there is none.", examples=["5f0c2e9b1a44"])
    job: str = Field(description="Id of the transcription; empty where there is none.", examples=["01jd9x3v6t8q"])
    text: str = Field(
        examples=["2026-11-22T18:57:01.123Z INFO request=- job=- app.services.worker.worker worker_started"]
    )


class LogPage(BaseModel):
    """A part of the log, in the order of time."""

    entries: list[LogLine]
    place: str = Field(description="Ask with it for what comes next.", examples=["1048741:52011"])
    is_cut: bool = Field(description="Whether earlier entries fit, too.", examples=[False])


def _filter(
    level: Annotated[Literal["", "DEBUG", "INFO", "WARNING", "ERROR"], Query(description="The least severe.")] = "",
    job: Annotated[str, Query(max_length=64, description="Only of this transcription.")] = "",
    request_id: Annotated[str, Query(max_length=64, description="Only of this request.")] = "",
    text: Annotated[str, Query(max_length=200, description="Only with this anywhere.")] = "",
) -> Filter:
    return Filter(level, job.strip(), request_id.strip(), text.strip())


FilterDep = Annotated[Filter, Depends(_filter)]


@router.get("", responses=errors())
@reads_slowly
def get_logs(
    settings: SettingsDep,
    wanted: FilterDep,
    after: Annotated[str, Query(max_length=64, description="A `place`: only what was written since.")] = "",
    limit: Annotated[int, Query(ge=1, le=MOST_ENTRIES, description="Most entries.")] = FIRST_ENTRIES,
) -> LogPage:
    """Look through app.log and its rotated files: the newest entries, or those that came after a place."""
    found = since(settings.log_dir, after, wanted, limit) if after else latest(settings.log_dir, wanted, limit)
    return log_page(found)


@router.get(
    "/download",
    response_class=StreamingResponse,
    responses=content(
        200, "The entries that fit, the oldest first.", {"text/plain": "2026-11-22T18:57:01.123Z INFO …\n"}
    )
    | errors(),
)
def download_logs(settings: SettingsDep, wanted: FilterDep) -> StreamingResponse:
    """Take the log away as text, rotated files included; the filters hold here, too."""
    headers = {"content-disposition": f'attachment; filename="{FILE_NAME}"'}
    return StreamingResponse(_bytes(matching_text(settings.log_dir, wanted)), 200, headers, "text/plain; charset=utf-8")


def log_page(found: Page) -> LogPage:
    return LogPage(entries=[_line(entry) for entry in found.entries], place=found.place, is_cut=found.is_cut)


def _line(entry: LogEntry) -> LogLine:
    return LogLine(
        moment=entry.moment.isoformat() if entry.moment else None,
        level=entry.level,
        request="" if entry.request == "-" else entry.request,
        job="" if entry.job == "-" else entry.job,
        text=entry.text,
    )


def _bytes(texts: Iterator[str]) -> Iterator[bytes]:
    for text in texts:
        yield text.encode()
