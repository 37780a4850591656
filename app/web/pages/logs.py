"""The page of the log."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import HTMLResponse

from app.setting_rules import ON_PAGE
from app.settings import Origin
from app.support.log_search import latest
from app.web.api.logs import FILE_NAME, FIRST_ENTRIES, LEVELS, FilterDep, log_page
from app.web.dependencies import ServicesDep, SettingsDep
from app.web.routers import PageRouter
from app.web.templating import render

router = PageRouter()


@router.get("/logs")
def logs_page(request: Request, services: ServicesDep, settings: SettingsDep, wanted: FilterDep) -> HTMLResponse:
    """Follow the log."""
    found = latest(settings.log_dir, wanted, FIRST_ENTRIES)
    is_locked = settings.origin("log_level") in (Origin.OPTION, Origin.ENVIRONMENT)
    context = {
        "log": log_page(found).model_dump(mode="json"),
        "filter": wanted,
        "levels": LEVELS,
        "log_level": settings.log_level,
        "is_locked": is_locked or "log_level" not in ON_PAGE,
        "file": settings.log_dir / FILE_NAME,
        "has_worker": services.has_worker,
    }
    return render(request, "pages/logs.html", context)
