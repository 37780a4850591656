"""Routers for the REST API, with complete paths, and for the pages.

FastAPI's `include_router(router, prefix=...)` rebuilds every route at the first request: 0.3 s for the first page, and
for every application created in a test. Here the prefix is known when a route is declared, and the application takes
over the finished routes.
"""

from __future__ import annotations

from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, FastAPI
from starlette.responses import HTMLResponse

from app.domain.errors.requests import RequestTooLarge
from app.web.openapi import with_error
from app.web.pools import CHANGES, refusal_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi.routing import APIRoute

API_PATH = "/api/v1"
QUICK_METHODS = frozenset(("GET", "HEAD"))


class ApiRouter(APIRouter):
    """A router below API_PATH, whose operation ids are the function names."""

    def __init__(self, *, prefix: str = "", **options: Any) -> None:
        super().__init__(prefix=API_PATH + prefix, generate_unique_id_function=operation_id, **options)

    def add_api_route(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        """Add a route; its description tells of the limit of its body, and of its pool's.

        A route that changes something runs among the threads for that: the database may be locked for seconds.
        """
        if not iscoroutinefunction(endpoint) and not QUICK_METHODS.issuperset(options.get("methods") or QUICK_METHODS):
            endpoint = CHANGES.route(endpoint)
        for error in (RequestTooLarge if options.get("max_body_size") else None, refusal_of(endpoint)):
            if error:
                options["responses"] = with_error(options.get("responses") or {}, error)
        super().add_api_route(path, endpoint, **options)


class PageRouter(APIRouter):
    """A router for pages, excluded from OpenAPI."""

    def __init__(self) -> None:
        super().__init__(include_in_schema=False, default_response_class=HTMLResponse)


def operation_id(route: APIRoute) -> str:
    return route.name


def add_router(app: FastAPI, router: APIRouter) -> None:
    """Append the routes of `router` to those of `app`."""
    app.router.routes.extend(router.routes)
