"""All routes of the program, in matching order."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from app.paths import resource_dir
from app.web import mcp_endpoint
from app.web.api import (
    batch_events,
    batch_uploads,
    batches,
    comparisons,
    doctor,
    events,
    history,
    journal,
    logs,
    metrics,
    models,
    probes,
    replays,
    saved_lists,
    settings,
    system,
    trash,
    vad,
    webhooks,
)
from app.web.api.live import audience
from app.web.api.people import account, audit, login, people, shares
from app.web.api.transcriptions import (
    cases,
    edits,
    files,
    findings,
    known_voices,
    missing_text,
    replacements,
    rereading,
    retranscriptions,
    speakers,
    transcriptions,
)
from app.web.api.transcriptions import voices as transcription_voices
from app.web.asr_webservice import routes as asr_routes
from app.web.funasr import socket as funasr_socket
from app.web.live import socket
from app.web.openai import routes as openai_routes
from app.web.openai.realtime import secrets as realtime_secrets
from app.web.openai.realtime import socket as realtime_socket
from app.web.pages import accounts as account_pages
from app.web.pages import api_docs
from app.web.pages import batches as batch_pages
from app.web.pages import cluster as cluster_page
from app.web.pages import comparisons as comparison_pages
from app.web.pages import doctor as doctor_page
from app.web.pages import history as history_pages
from app.web.pages import live as live_page
from app.web.pages import logs as logs_page
from app.web.pages import models as models_page
from app.web.pages import oidc as oidc_pages
from app.web.pages import replays as replay_page
from app.web.pages import settings as settings_page
from app.web.pages import transcriptions as transcription_pages
from app.web.pages import vad as vad_page
from app.web.pages import voices as voices_page
from app.web.pages import webhooks as webhooks_page
from app.web.routers import add_router
from app.web.static_files import StaticFolder

API: tuple[APIRouter, ...] = (
    events.router,  # /transcriptions/events before /transcriptions/{id}
    transcriptions.router,
    retranscriptions.router,
    replacements.router,
    speakers.router,
    transcription_voices.router,
    rereading.router,
    edits.router,
    files.router,
    history.router,
    trash.router,
    socket.router,
    audience.router,
    system.router,
    models.router,
    settings.router,
    missing_text.router,
    doctor.router,
    logs.router,
    journal.router,
    vad.router,
    saved_lists.hotword_router,
    saved_lists.replacement_router,
    known_voices.router,
    cases.router,
    findings.router,
    replays.router,
    comparisons.router,
    probes.router,
    batch_events.router,  # /batches/events before /batches/{id}
    batches.router,
    batch_uploads.batch_router,
    batch_uploads.router,
    probes.root,
    metrics.router,
    webhooks.router,
    login.router,
    account.router,
    people.router,
    shares.router,
    audit.router,
    openai_routes.router,
    asr_routes.router,
)
DIALECTS: tuple[APIRouter, ...] = (
    realtime_socket.router,
    realtime_secrets.router,
    funasr_socket.router,
)
"""What programs speak that know other servers."""
PAGES: tuple[APIRouter, ...] = (
    transcription_pages.router,
    history_pages.router,
    api_docs.router,
    batch_pages.router,
    live_page.router,
    models_page.router,
    settings_page.router,
    vad_page.router,
    doctor_page.router,
    cluster_page.router,
    logs_page.router,
    replay_page.router,
    comparison_pages.router,
    webhooks_page.router,
    voices_page.router,
    account_pages.router,
    oidc_pages.router,
)


def page_paths() -> list[str]:
    """Return the addresses of all pages that show no single thing."""
    paths = [route.path for router in PAGES for route in router.routes if isinstance(route, APIRoute)]
    return [path for path in paths if "{" not in path and path != "/preferences"]


def add_routes(app: FastAPI) -> None:
    # First: a page requests sixty files, and each would be matched against all other routes.
    app.mount("/static", StaticFolder(directory=resource_dir("static")), name="static")
    app.router.routes.append(mcp_endpoint.route)
    for router in (*API, *DIALECTS, *PAGES):
        add_router(app, router)
