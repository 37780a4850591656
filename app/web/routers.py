"""Routers for the REST API, with complete paths, and for the pages.

FastAPI's `include_router(router, prefix=...)` rebuilds every route at the first request: 0.3 s for the first page, and
for every application created in a test. Here the prefix is known when a route is declared, and the application takes
over the finished routes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, FastAPI
from starlette.responses import HTMLResponse

if TYPE_CHECKING:
    from fastapi.routing import APIRoute

API_PATH = "/api/v1"


class ApiRouter(APIRouter):
    """A router below API_PATH, whose operation ids are the function names."""

    def __init__(self, *, prefix: str = "", **options: Any) -> None:
        super().__init__(prefix=API_PATH + prefix, generate_unique_id_function=operation_id, **options)


class PageRouter(APIRouter):
    """A router for pages, excluded from OpenAPI."""

    def __init__(self) -> None:
        super().__init__(include_in_schema=False, default_response_class=HTMLResponse)


def operation_id(route: APIRoute) -> str:
    return route.name


def add_router(app: FastAPI, router: APIRouter) -> None:
    """Append the routes of `router` to those of `app`."""
    app.router.routes.extend(router.routes)
