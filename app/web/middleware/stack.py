"""The middleware of the server, in its order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi.routing import iter_route_contexts

from app.domain.addresses import networks
from app.domain.errors.setup import RootPathTaken
from app.web.middleware.compression import CompressedPages
from app.web.middleware.funasr_port import FunasrPort
from app.web.middleware.lingering_close import LingeringClose
from app.web.middleware.login import Login
from app.web.middleware.proxy import ROOTS_TOO, BehindProxy, first_segments, is_taken
from app.web.middleware.request_log import RequestLog
from app.web.middleware.security import Gate, SecurityHeaders, allowed_hosts, allowed_origins
from app.web.middleware.socket_limit import SocketLimit
from app.web.middleware.traffic import Traffic

if TYPE_CHECKING:
    from fastapi import FastAPI

    from app.settings import Settings


def add_middleware(app: FastAPI, settings: Settings) -> None:
    """Add the middleware, innermost first.

    Raises:
        RootPathTaken: the root path begins like a page of the program.
    """
    app.add_middleware(CompressedPages)
    app.add_middleware(SocketLimit, live_sessions=settings.live_sessions)
    app.add_middleware(Traffic, per_minute=settings.requests_per_minute, uploads_at_once=settings.uploads_at_once)
    app.add_middleware(Login)
    hosts = allowed_hosts(settings.host, settings.allowed_hosts)
    app.add_middleware(Gate, hosts=hosts, origins=allowed_origins(settings.allowed_hosts))
    app.add_middleware(SecurityHeaders)
    app.add_middleware(RequestLog)
    app.add_middleware(LingeringClose)
    own_names = first_segments(each.path or "/" for each in iter_route_contexts(app.routes)) - ROOTS_TOO
    if is_taken(settings.root_path, own_names):
        raise RootPathTaken(path=settings.root_path)
    trusted = networks(settings.trusted_proxies)
    app.add_middleware(
        BehindProxy,
        root_path=settings.root_path,
        trusted=trusted,
        own_names=own_names,
        login_headers=(settings.login_header, settings.login_groups_header),
    )
    if settings.funasr_port is not None:
        app.add_middleware(FunasrPort, port=settings.funasr_port)
