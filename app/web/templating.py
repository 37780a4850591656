"""Turns a template and its values into a page in the reader's language. What the values are, the routes know."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from math import floor
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse

from app.domain.languages import NATIVE_NAMES, RARER
from app.domain.options import DETECTORS, TranscriptionOptions
from app.domain.people import Permission, current_actor
from app.formats.reader import clock
from app.i18n import LANGUAGES, script_texts, translator
from app.paths import resource_dir
from app.services.models.models import BUILTIN_LARGE, RECOMMENDED
from app.services.options import SWITCHES
from app.web.labels import labels_in
from app.web.request import address_of, language_of, own_path, root_path
from app.web.services import Services
from app.web.static_files import version_of

THEMES = ("auto", "light", "dark")
EXCERPT_CHARACTERS = 200
EXCERPT_LEAD = 14  # characters shown before the first match
BYTES_PER_STEP = 1024


def render(
    request: Request,
    template: str,
    context: Mapping[str, Any],
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """Return the page of `template`, in the user's language and theme."""
    language = language_of(request)
    page = _environment(language).get_template(template).render(_surroundings(request, language) | dict(context))
    return HTMLResponse(page, status, dict(headers or {}) | {"vary": _vary(request)})


def _vary(request: Request) -> str:
    """Return the Vary header, so that no cache serves a page with the addresses of another prefix."""
    varied = "Accept-Language, Cookie"
    return f"{varied}, X-Forwarded-Prefix" if "x-forwarded-prefix" in request.headers else varied


def filesize(size_bytes: float) -> str:
    """Format a size: 512 B, 3.4 MB, 2 GB."""
    size, unit = float(size_bytes), "B"
    for larger in ("KB", "MB", "GB"):
        if size < BYTES_PER_STEP:
            break
        size, unit = size / BYTES_PER_STEP, larger
    digits = 10 ** (2 if size < 10 else 1 if size < 100 else 0)
    return f"{floor(size * digits + 0.5) / digits:.10g} {unit}"


def moment(value: str) -> str:
    """Format an RFC 3339 time in UTC, until the browser converts it to local time."""
    return datetime.fromisoformat(value).strftime("%Y-%m-%d %H:%M")


def excerpt(text: str, query: str = "") -> Markup:
    """Return the beginning of `text`, or the part around the first word of `query` with that word marked."""
    words = [word for word in query.lower().split() if word in text.lower()]
    if not words:
        return escape(text[:EXCERPT_CHARACTERS])
    found = text.lower().index(words[0])
    start, end = max(0, found - EXCERPT_LEAD), found + len(words[0])
    lead = ("…" if start else "") + text[start:found]
    return Markup("{}<mark>{}</mark>{}").format(lead, text[found:end], text[end : start + EXCERPT_CHARACTERS])


def _surroundings(request: Request, language: str) -> dict[str, Any]:
    """Return what every page needs: see base.html."""
    theme = request.cookies.get("theme", "auto")
    path = own_path(request.scope)

    def url(path: str) -> str:
        return address_of(request.scope, path)

    actor = current_actor()
    return {
        "language": language,
        "person": actor.name,
        "is_known": actor.is_known,
        "is_administrator": Permission.ADMIN in actor.permissions,
        "has_cluster": _has_cluster(request),
        "theme": theme if theme in THEMES else "auto",
        "path": path,
        "here": path + (f"?{request.url.query}" if request.url.query else ""),
        "url": url,
        "root_path": root_path(request.scope),
        "static": url(f"/static/{version_of(resource_dir('static'))}"),
        "script_texts": script_texts(language),
        "labels": labels_in(language),
        "complaints": _complaints(request, language),
    }


def _has_cluster(request: Request) -> bool:
    services: Services | None = request.scope.get("state", {}).get("services")
    return services is not None and services.cluster is not None


def _complaints(request: Request, language: str) -> list[dict[str, str]]:
    """Return the current health warnings; none before the server has started."""
    services: Services | None = request.scope.get("state", {}).get("services")
    translate = translator(language)
    is_told = services and Permission.ADMIN in current_actor().permissions
    complaints = services.health.complaints if services and is_told else ()
    return [check.explained(translate) | {"key": check.key} for check in complaints]


@cache
def _environment(language: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(resource_dir("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    translate = translator(language)
    environment.globals["_"] = lambda text, **values: translate(text).format_map(values)
    labels = labels_in(language)
    environment.globals["label"] = lambda kind, code: labels[kind].get(code or "", code or "")
    environment.globals["native_name"] = lambda code: NATIVE_NAMES.get(code, code)
    environment.globals["interface_languages"] = LANGUAGES
    environment.globals["detectors"] = DETECTORS
    environment.globals["option_switches"] = SWITCHES
    environment.globals["default_options"] = TranscriptionOptions()
    environment.globals["recommended_model"] = RECOMMENDED
    environment.globals["large_model"] = BUILTIN_LARGE
    environment.globals["rarer_languages"] = RARER
    environment.filters |= {"clock": clock, "filesize": filesize, "moment": moment, "excerpt": excerpt}
    return environment
