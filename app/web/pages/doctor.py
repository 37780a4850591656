"""The doctor page."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import HTMLResponse

from app.web.api.doctor import TRIAL_UPLOAD_MB
from app.web.dependencies import ServicesDep, SettingsDep
from app.web.routers import PageRouter
from app.web.templating import render

router = PageRouter()


@router.get("/doctor")
def doctor_page(request: Request, services: ServicesDep, settings: SettingsDep) -> HTMLResponse:
    """Examine the server and the connection from this browser."""
    trial = min(settings.max_upload_mb, TRIAL_UPLOAD_MB)
    context = {"upload_mb": settings.max_upload_mb, "trial_mb": trial, "has_worker": services.has_worker}
    return render(request, "pages/doctor.html", context)
