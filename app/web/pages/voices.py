"""The page of known voices."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import HTMLResponse

from app.web.routers import PageRouter
from app.web.templating import render

router = PageRouter()


@router.get("/voices")
async def voices_page(request: Request) -> HTMLResponse:
    """The voices that somebody remembered, who agreed to it, and how to delete them."""
    return render(request, "pages/voices.html", {})
