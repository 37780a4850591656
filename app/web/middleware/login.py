"""Finds out who a request comes from, refuses what they may not do, and records what they did.

Within it everything acts on behalf of that person: the store shows their rows, and what is new belongs to them.
Where there is no login everybody is the program itself, and nothing is recorded.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse

from app.domain.errors.base import AppError
from app.domain.errors.people import LoginRequired, NotPermitted
from app.domain.people import SYSTEM, Actor, acting_as
from app.logging import event
from app.web.access.credentials import cookie_of, key_of, share_of
from app.web.access.rules import SAFE_METHODS, is_for_guests, is_open, needed, opens
from app.web.errors import error_response
from app.web.request import LOGGED_IN, address_of, client_address, is_api, own_path
from app.web.services import Services, opened_services

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


log = logging.getLogger(__name__)

NO_ROW = ("/api/v1/journal/", "/api/v1/doctor/", "/api/v1/uploads/", "/static/", "/preferences")
"""What is too frequent to be recorded, and says nothing: a batch's uploads are in its creation."""
PROBES = frozenset({"/health", "/ready", "/api/v1/health", "/api/v1/ready"})
TAKEN_AWAY = ("/export", "/case", "/backup")
"""What is recorded although it changes nothing."""
CHALLENGE = {"www-authenticate": "Bearer"}


class Login:
    """ASGI middleware: says on whose behalf a request is answered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        path = own_path(scope)
        if path.startswith("/static/") or path in PROBES:  # answered whatever the database does
            with acting_as(SYSTEM):
                await self._app(scope, receive, send)
            return
        services = opened_services(HTTPConnection(scope))
        try:
            actor = await actor_of(services, HTTPConnection(scope)) if await _needs_login(services) else SYSTEM
        except AppError as error:  # the database cannot be read
            event(log, logging.ERROR, "request_failed", code=error.code)
            await _refuse(error, scope, receive, send)
            return
        if actor is SYSTEM:
            with acting_as(SYSTEM):
                await self._app(scope, receive, send)
        else:
            await self._answer(services, actor, scope, receive, send)

    async def _answer(self, services: Services, actor: Actor, scope: Scope, receive: Receive, send: Send) -> None:
        path = own_path(scope)
        refusal = None if is_open(path) else _refusal(actor, scope.get("method"), path)
        with acting_as(actor):
            if refusal:
                await _refuse(refusal, scope, receive, send)
                if actor.is_known and _is_recorded(scope):
                    await _record(services, actor, "refused", path, refusal.status)
            else:
                await self._recorded(services, actor, scope, receive, send)

    async def _recorded(self, services: Services, actor: Actor, scope: Scope, receive: Receive, send: Send) -> None:
        if not _is_recorded(scope):
            await self._app(scope, receive, send)
            return
        status = 101 if scope["type"] == "websocket" else 0

        async def send_noticed(message: Message) -> None:
            nonlocal status
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_noticed)
        finally:
            route = scope.get("route")
            action = getattr(route, "name", "") or f"{scope.get('method', 'WS')}"
            if actor.is_known or actor.shared:
                await _record(services, actor, action, own_path(scope), status)


async def _record(services: Services, actor: Actor, action: str, path: str, status: int) -> None:
    await run_in_threadpool(services.accounts.audit.record, actor, action, path, status)


async def _needs_login(services: Services) -> bool:
    """Return whether there is a login; the database is asked every few seconds, until there are people."""
    known = services.accounts.known_need
    return await run_in_threadpool(lambda: services.accounts.needs_login) if known is None else known


async def actor_of(services: Services, connection: HTTPConnection) -> Actor:
    """Return who a request comes from, with what a link opens for them there."""
    actor = await _person_of(services, connection)
    secret = share_of(connection)
    shared = await run_in_threadpool(services.accounts.sharing.find, secret) if secret else None
    return replace(actor, shared=(shared,)) if shared and opens(shared, own_path(connection.scope)) else actor


async def _person_of(services: Services, connection: HTTPConnection) -> Actor:
    address = client_address(connection.scope)
    if key := key_of(connection):
        known = services.client_secrets.find(key)
        actor = known.actor if known else await run_in_threadpool(services.accounts.of_key, key, address)
        return actor or Actor(address=address)
    if told := connection.scope.get(LOGGED_IN):
        name, groups = told
        actor = await run_in_threadpool(services.accounts.of_proxy, name, groups, address)
        return actor or Actor(address=address)
    if cookie := cookie_of(connection):
        actor = await run_in_threadpool(services.accounts.of_cookie, cookie, address)
        return actor or Actor(address=address)
    return Actor(address=address)


def _refusal(actor: Actor, method: str | None, path: str) -> AppError | None:
    if not actor.is_known:
        return None if actor.shared and is_for_guests(method, path) else LoginRequired()
    permission = needed(method, path)
    return NotPermitted() if permission and permission not in actor.permissions else None


async def _refuse(refusal: AppError, scope: Scope, receive: Receive, send: Send) -> None:
    path = own_path(scope)
    if scope["type"] == "websocket":
        await error_response(HTTPConnection(scope), refusal)(scope, receive, send)
        return
    request = Request(scope)
    if isinstance(refusal, LoginRequired) and not is_api(path) and request.method in SAFE_METHODS:
        query = f"?{request.url.query}" if request.url.query else ""
        address = address_of(scope, f"/login?next={quote(path + query)}")
        await RedirectResponse(address, 303)(scope, receive, send)
        return
    headers = CHALLENGE if isinstance(refusal, LoginRequired) else None
    await error_response(request, refusal, headers)(scope, receive, send)


def _is_recorded(scope: Scope) -> bool:
    path = own_path(scope)
    if path.startswith(NO_ROW):
        return False
    is_change = scope["type"] == "websocket" or scope["method"] not in SAFE_METHODS
    return is_change or path.endswith(TAKEN_AWAY)
