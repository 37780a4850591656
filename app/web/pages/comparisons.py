"""The comparison pages."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import HTMLResponse

from app.domain.comparisons.comparison import MOST
from app.services.comparisons import LONGEST_REFERENCE
from app.services.transcriptions.edits import edited_text
from app.web.answers.comparisons import comparison_head
from app.web.answers.models import model_choices, readers
from app.web.answers.transcriptions import options_answer
from app.web.api.comparisons import SHOWN, known_languages
from app.web.dependencies import ServicesDep, TranslateDep
from app.web.routers import PageRouter
from app.web.templating import render

router = PageRouter()


@router.get("/compare")
def compare_page(
    request: Request,
    services: ServicesDep,
    translate: TranslateDep,
    of: Annotated[str, Query(max_length=64)] = "",
) -> HTMLResponse:
    """Choose a recording and the models to compare; `of` is the id of a transcription."""
    record = services.queue.get(of) if of else None
    context = {
        "of": record and {"id": record.id, "name": record.name, "options": options_answer(record.options)},
        "is_put_right": bool(record and edited_text(services.queue, of).revision),
        "models": model_choices(services, translate),
        "languages": known_languages(readers(services)),
        "limit_bytes": services.settings.max_upload_bytes,
        "most": MOST,
        "longest_reference": LONGEST_REFERENCE,
        "comparisons": [
            comparison_head(each, services, translate) | {"created_at": each.created_at.isoformat()}
            for each in services.comparisons.newest(SHOWN)
        ],
    }
    return render(request, "pages/compare.html", context)


@router.get("/compare/{id}")
def comparison_page(request: Request, id: str, services: ServicesDep) -> HTMLResponse:
    """Show the variants side by side; the texts come from /api/v1."""
    comparison = services.comparisons.get(id)
    context = {
        "id": comparison.id,
        "name": comparison.name,
        "created_at": comparison.created_at.isoformat(),
        "is_fixed": services.models.places.fixed is not None,
        "longest_reference": LONGEST_REFERENCE,
    }
    return render(request, "pages/comparison.html", context)
