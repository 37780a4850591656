"""The replay page."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import HTMLResponse

from app.domain.languages import LANGUAGES
from app.web.dependencies import SettingsDep
from app.web.routers import PageRouter
from app.web.templating import render

router = PageRouter()


@router.get("/replay")
def replay_page(request: Request, settings: SettingsDep) -> HTMLResponse:
    """Choose a case and run it again."""
    context = {"limit_bytes": settings.max_upload_bytes, "languages": LANGUAGES}
    return render(request, "pages/replay.html", context)
