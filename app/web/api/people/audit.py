"""REST: the audit trail, for administrators."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import astuple, fields
from typing import Annotated

from fastapi import Query
from starlette.responses import StreamingResponse

from app.domain.errors.requests import InvalidParameter
from app.formats.csv import as_text
from app.services.people.audit import AuditEntry
from app.web.dependencies import ServicesDep
from app.web.openapi import content, errors
from app.web.routers import ApiRouter
from app.web.schemas.people import AuditAnswer, AuditPage

router = ApiRouter(prefix="/audit", tags=["people"])

MOST = 500
NAMES = tuple(field.name for field in fields(AuditEntry))


@router.get("", responses=errors(InvalidParameter))
def list_audit(
    services: ServicesDep,
    before: Annotated[int | None, Query(ge=0, lt=2**63, description="`next` of the page before.")] = None,
    person: Annotated[str, Query(max_length=32, description="Id of a person; empty: everybody.")] = "",
    limit: Annotated[int, Query(ge=1, le=MOST, description="Most entries to return.")] = 100,
) -> AuditPage:
    """See who did what, the newest first. Entries are kept for a year."""
    found = services.accounts.audit.newest(limit, before, person or None)
    entries = [AuditAnswer.model_validate(entry, from_attributes=True) for entry in found]
    return AuditPage(entries=entries, next=found[-1].number if len(found) == limit else None)


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses=content(200, "All entries.", {"text/csv": "number,at,person_id\n"}) | errors(),
)
def export_audit(services: ServicesDep) -> StreamingResponse:
    """Take all entries away as CSV, the newest first."""
    headers = {"content-disposition": 'attachment; filename="audit.csv"'}
    return StreamingResponse(_rows(services.accounts.audit.everything()), media_type="text/csv", headers=headers)


def _rows(entries: Iterator[AuditEntry]) -> Iterator[str]:
    yield _line(NAMES)
    for entry in entries:
        values = [
            value.isoformat() if name == "at" else value for name, value in zip(NAMES, astuple(entry), strict=True)
        ]
        yield _line("" if value is None else as_text(str(value)) for value in values)


def _line(values: object) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(values)  # type: ignore[arg-type]
    return text.getvalue()
