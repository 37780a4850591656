"""The live recognition page. Its texts come over the WebSocket /api/v1/live."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import Request
from starlette.responses import HTMLResponse

from app.domain.people import current_actor
from app.formats import FORMATS
from app.paths import builtin_model_dir
from app.services.live.reading_along import read_session
from app.web.answers.transcriptions import model_answer
from app.web.api.live.audience import LiveId
from app.web.dependencies import ServicesDep, TranslateDep
from app.web.offered_languages import spoken_languages
from app.web.routers import PageRouter
from app.web.templating import render

router = PageRouter()


@router.get("/live")
def live_page(request: Request, services: ServicesDep, translate: TranslateDep) -> HTMLResponse:
    """Speak, and read along."""
    in_use = services.models.folder_in_use()
    context = {
        "vad": asdict(services.default_options.vad),
        "formats": list(FORMATS),
        "languages": spoken_languages(services),
        "house_rules": services.settings.replacements,
        "model": model_answer(services.inference.status(), translate).model_dump(mode="json"),
        "model_name": in_use.name,
        "is_builtin": in_use == builtin_model_dir(),
    }
    return render(request, "pages/live.html", context)


@router.get("/live/{id}/view")
def audience_page(request: Request, id: LiveId, services: ServicesDep) -> HTMLResponse:
    """Read along with a session, in large type; its lines come over /api/v1/live/ID/events."""
    session = read_session(services.queue, id)
    is_guest = not current_actor().is_known
    return render(request, "pages/audience.html", {"session": session, "is_guest": is_guest})
