"""The models page."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import HTMLResponse

from app.paths import builtin_model_dir
from app.web.answers.models import models_answer
from app.web.answers.transcriptions import model_answer
from app.web.dependencies import (
    ServicesDep,
    TranslateDep,
)
from app.web.routers import PageRouter
from app.web.templating import render

router = PageRouter()


@router.get("/models")
def models_page(request: Request, services: ServicesDep, translate: TranslateDep) -> HTMLResponse:
    """Select the model, and download larger ones."""
    in_use = services.models.folder_in_use()
    context = {
        "shelf": models_answer(services, translate).model_dump(mode="json"),
        "model": model_answer(services.inference.status(), translate).model_dump(mode="json"),
        "model_name": in_use.name,
        "is_builtin": in_use == builtin_model_dir(),
    }
    return render(request, "pages/models.html", context)
