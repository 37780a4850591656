"""The routers of the REST interface, which know their whole paths, and those of the pages.

FastAPI's `include_router(router, prefix=...)` builds every route once more at the first request: 0.3 s of the first page,
and as much for every application that a test makes. Here the prefix is known when a route is declared, and the
application takes over the finished routes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, FastAPI
from starlette.responses import HTMLResponse

if TYPE_CHECKING:
    from fastapi.routing import APIRoute

API_PATH = "/api/v1"


class ApiRouter(APIRouter):
    """A router below API_PATH, whose operations are called as their functions."""

    def __init__(self, *, prefix: str = "", **options: Any) -> None:
        super().__init__(prefix=API_PATH + prefix, generate_unique_id_function=operation_id, **options)


class PageRouter(APIRouter):
    """A router of pages, which the description of the API leaves out."""

    def __init__(self) -> None:
        super().__init__(include_in_schema=False, default_response_class=HTMLResponse)


def operation_id(route: APIRoute) -> str:
    return route.name


def add_router(app: FastAPI, router: APIRouter) -> None:
    """Let `app` answer at the routes of `router`, after those that it has."""
    app.router.routes.extend(router.routes)
