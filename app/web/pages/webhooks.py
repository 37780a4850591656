"""The page of the webhooks."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import HTMLResponse

from app.domain.webhooks import WebhookEvent
from app.services.webhooks.webhooks import USUAL_EVENTS
from app.web.dependencies import SettingsDep
from app.web.routers import PageRouter
from app.web.templating import render

router = PageRouter()

CHOICES = tuple(event for event in WebhookEvent if event is not WebhookEvent.TEST)


@router.get("/webhooks")
def webhooks_page(request: Request, settings: SettingsDep) -> HTMLResponse:
    """Tell other programs what happened, and see what they answered."""
    context = {"events": CHOICES, "usual": USUAL_EVENTS, "networks": settings.webhook_networks}
    return render(request, "pages/webhooks.html", context)
