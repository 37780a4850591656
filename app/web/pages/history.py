"""The history and trash page. Its state is in its address, so that it can be linked to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import Depends, Query, Request
from starlette.responses import HTMLResponse

from app.domain.errors.base import N_
from app.domain.errors.requests import InvalidParameter
from app.domain.states import JobState
from app.formats import FORMATS
from app.services.transcriptions.history import HistoryFilter
from app.web.answers.history import Cursor, cursor_of, found_item, place_of, zone_of
from app.web.dependencies import HistoryDep, SettingsDep, TranslateDep
from app.web.routers import PageRouter
from app.web.templating import render

if TYPE_CHECKING:
    from app.services.transcriptions.history import HistoryPage, Totals

PAGE_SIZE = 20
MOST_PAGES = 10**9
FIRST_DAY, LAST_DAY = date(1970, 1, 2), date(9999, 1, 1)  # typing a year starts with 0002
DATE = r"^(\d{4}-\d{2}-\d{2})?$"

router = PageRouter()


@dataclass(frozen=True, slots=True)
class Asked:
    """The submitted form of the page; empty fields do not filter."""

    query: str
    state: str
    language: str
    source: str
    since: str
    until: str
    zone: str
    view: str
    speaker: str

    def wanted(self) -> HistoryFilter:
        return HistoryFilter(
            query=self.query,
            state=JobState(self.state) if self.state else None,
            language=self.language,
            source=self.source,
            since=self._midnight("since", self.since, 0),
            until=self._midnight("until", self.until, 1),
            in_trash=self.view == "trash",
            speaker=self.speaker,
        )

    def filters(self) -> str:
        """Return the filter as REST API query; empty if there is none."""
        wanted = self.wanted()
        since, until = (moment and moment.astimezone(UTC) for moment in (wanted.since, wanted.until))
        fields = {
            "query": self.query,
            "speaker": self.speaker,
            "state": self.state,
            "language": self.language,
            "source": self.source,
            "since": since and since.isoformat(),
            "until": until and until.isoformat(),
        }
        return urlencode({name: value for name, value in fields.items() if value})

    def address(self, **changes: str | None) -> str:
        """Return the address of the page with these fields changed."""
        fields = {name: getattr(self, name) for name in self.__slots__} | changes
        if not (fields["since"] or fields["until"]):
            fields["zone"] = ""
        sent = urlencode({name: value for name, value in fields.items() if value})
        return f"/history?{sent}" if sent else "/history"

    def _midnight(self, name: str, day: str, days_later: int) -> datetime | None:
        """Return the start of a day, or of a later one, in the user's time zone."""
        if not day:
            return None
        try:
            asked = date.fromisoformat(day)
        except ValueError as error:
            raise InvalidParameter(name=name, reason=N_("there is no such day")) from error
        begin = min(max(asked, FIRST_DAY), LAST_DAY) + timedelta(days=days_later)
        return datetime.combine(begin, time.min, zone_of(self.zone or "UTC"))


def _asked(
    query: Annotated[str, Query(max_length=200)] = "",
    state: Literal["", "queued", "running", "succeeded", "failed", "cancelled"] = "",
    language: Annotated[str, Query(max_length=16)] = "",
    source: Annotated[str, Query(max_length=16)] = "",
    since: Annotated[str, Query(pattern=DATE)] = "",
    until: Annotated[str, Query(pattern=DATE)] = "",
    zone: Annotated[str, Query(max_length=64)] = "",
    view: Literal["", "statistics", "trash"] = "",
    speaker: Annotated[str, Query(max_length=200)] = "",
) -> Asked:
    return Asked(query.strip(), state, language, source, since, until, zone, view, speaker.strip())


@router.get("/history")
def history_page(
    request: Request,
    asked: Annotated[Asked, Depends(_asked)],
    history: HistoryDep,
    settings: SettingsDep,
    translate: TranslateDep,
    before: Cursor = "",
    after: Cursor = "",
    page: Annotated[int, Query(ge=1, le=MOST_PAGES)] = 1,
) -> HTMLResponse:
    """Search transcriptions, show totals, and restore deleted ones."""
    if asked.view == "statistics":
        return render(request, "pages/history_statistics.html", {"totals": history.totals()})
    found = history.page(asked.wanted(), PAGE_SIZE, before=place_of(before), after=place_of(after))
    totals = history.totals()
    context = {
        "asked": asked,
        "jobs": [found_item(result, translate).model_dump(mode="json") for result in found.results],
        "found": found,
        "is_first": not (before or after),
        "totals": totals,
        "trash_days": settings.trash_days,
        "formats": list(FORMATS),
        **_choices(totals, asked),
        **_ways(found, asked, page if found.newer else 1),
    }
    return render(request, "pages/history.html", context)


def _choices(totals: Totals, asked: Asked) -> dict[str, Any]:
    """Return the filter choices: what exists, and what is selected."""
    return {
        "languages": list(dict.fromkeys((*totals.by_language, *filter(None, [asked.language])))),
        "sources": list(dict.fromkeys((*totals.by_source, *filter(None, [asked.source])))),
    }


def _ways(found: HistoryPage, asked: Asked, page: int) -> dict[str, Any]:
    """Return where the pages beside this one are, and which one of how many it is."""
    older, newer = cursor_of(found.older), cursor_of(found.newer)
    pages = 0 if found.is_more else -(-found.total // PAGE_SIZE)
    return {
        "older": asked.address(before=older, page=str(page + 1)) if older else None,
        "newer": asked.address(after=newer, page=str(max(1, page - 1))) if newer else None,
        "page": page,
        "pages": max(page, pages) if pages else 0,
    }
