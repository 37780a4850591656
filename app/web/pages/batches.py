"""The page of batches. It is the same document for all of them and for one: what it shows comes over /api/v1."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import HTMLResponse

from app.formats import FORMATS
from app.web.dependencies import State, StateDep
from app.web.offered_languages import spoken_languages
from app.web.templating import render

BYTES_PER_MB = 1024 * 1024

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/batch")
def batches_page(request: Request, state: StateDep) -> HTMLResponse:
    """Put a batch together, and list those that there are."""
    return _page(request, state, "")


@router.get("/batch/{id}")
def batch_page(request: Request, state: StateDep, id: Annotated[str, Path(max_length=64)]) -> HTMLResponse:
    """Follow one batch and send files to it."""
    return _page(request, state, id)


def _page(request: Request, state: State, id: str) -> HTMLResponse:
    settings = state["settings"]
    context = {
        "id": id,
        "languages": spoken_languages(state),
        "limit_bytes": settings.max_upload_mb * BYTES_PER_MB,
        "has_folder": settings.import_root is not None,
        "formats": [name for name in FORMATS if name not in ("csv", "json")],
    }
    return render(request, "pages/batch.html", context)
