"""The settings page."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import HTMLResponse

from app.paths import builtin_model_dir
from app.support.backup import last_backup
from app.web.answers.models import models_answer
from app.web.answers.settings import settings_answer, versions
from app.web.answers.transcriptions import model_answer
from app.web.dependencies import ServicesDep, TranslateDep
from app.web.routers import PageRouter
from app.web.templating import render

router = PageRouter()


@router.get("/settings")
def settings_page(request: Request, services: ServicesDep, translate: TranslateDep) -> HTMLResponse:
    """Change the server's settings, and show what it runs on."""
    in_use = services.models.folder_in_use()
    context = {
        "settings": settings_answer(services, translate).model_dump(mode="json"),
        "model": model_answer(services.inference.status(), translate).model_dump(mode="json"),
        "model_name": in_use.name,
        "is_builtin": in_use == builtin_model_dir(),
        "shelf": models_answer(services, translate).model_dump(mode="json"),
        "has_worker": services.has_worker,
        "versions": versions(services.queue.database.facts()),
        "last_backup": made_at.isoformat() if (made_at := last_backup(services.settings.data_dir)) else None,
    }
    return render(request, "pages/settings.html", context)
