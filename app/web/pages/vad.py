"""The speech detection page."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import Request
from starlette.responses import HTMLResponse

from app.web.dependencies import QueueDep, ServicesDep
from app.web.offered_languages import spoken_languages
from app.web.routers import PageRouter
from app.web.templating import render

RECENT = 50  # recordings offered for selection


router = PageRouter()


@router.get("/vad")
def vad_page(request: Request, services: ServicesDep, queue: QueueDep) -> HTMLResponse:
    """Show where somebody speaks."""
    recent = [record for record in queue.search(limit=RECENT).items if record.duration is not None]
    context = {
        "options": asdict(services.default_options.vad),
        "recordings": [{"id": each.id, "name": each.name, "duration": each.duration} for each in recent],
        "limit_bytes": services.settings.max_upload_bytes,
        "languages": spoken_languages(services),
    }
    return render(request, "pages/vad.html", context)
