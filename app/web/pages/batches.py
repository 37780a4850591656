"""The batches page. One document serves the list and a single batch: its data comes from /api/v1."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Request
from starlette.responses import HTMLResponse

from app.formats import FORMATS
from app.web.dependencies import ServicesDep
from app.web.offered_languages import spoken_languages
from app.web.routers import PageRouter
from app.web.services import Services
from app.web.templating import render

router = PageRouter()


@router.get("/batch")
def batches_page(request: Request, services: ServicesDep) -> HTMLResponse:
    """Create a batch, and list the existing ones."""
    return _page(request, services, "")


@router.get("/batch/{id}")
def batch_page(request: Request, services: ServicesDep, id: Annotated[str, Path(max_length=64)]) -> HTMLResponse:
    """Follow one batch and upload files to it."""
    return _page(request, services, id)


def _page(request: Request, services: Services, id: str) -> HTMLResponse:
    settings = services.settings
    context = {
        "id": id,
        "languages": spoken_languages(services),
        "house_rules": settings.replacements,
        "limit_bytes": settings.max_upload_bytes,
        "has_folder": settings.import_root is not None,
        "formats": [name for name in FORMATS if name not in ("csv", "json")],
    }
    return render(request, "pages/batch.html", context)
