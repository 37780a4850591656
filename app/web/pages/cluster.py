"""The page of the cluster."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import HTMLResponse

from app.web.dependencies import SettingsDep
from app.web.routers import PageRouter
from app.web.templating import render

router = PageRouter()


@router.get("/cluster")
def cluster_page(request: Request, settings: SettingsDep) -> HTMLResponse:
    """See the machines that recognise, and what runs where."""
    context = {"cluster_address": settings.cluster, "has_cost": settings.cluster_actor_hour_cost > 0}
    return render(request, "pages/cluster.html", context)
