"""What a request must be allowed to do, by its method and path. tests/web/test_access.py lists every route.

A path that no rule names needs `read` for looking and `transcribe` for anything else.
"""

from __future__ import annotations

import re

from app.domain.people import Permission, Shared

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

OPEN = re.compile(
    r"/static/.*|/(api/v1/)?(health|ready)|/metrics|/login(/oidc(/callback)?)?|/welcome|/s/[^/]+|/preferences|/api/v1/(login|welcome)(/.*)?|/favicon\.ico"
)
"""For everybody: /metrics looks at the address itself."""
ADMIN = re.compile(
    r"/(settings|logs|webhooks|replay|people|audit|doctor|models|cluster)(/.*)?"
    r"|/api/v1/(settings|logs|webhooks|replay|people|audit|requests|doctor/checks|system/(model|cluster))(/.*)?"
    r"|/api/v1/vad/events/install|/api/v1/batches/[^/]+/folder"
)
"""What concerns the whole server, or shows more than one's own; any method."""
ADMIN_CHANGES = re.compile(r"/api/v1/models(/.*)?")
"""What everybody may look at."""
READ = re.compile(
    r"/api/v1/(journal|doctor)(/.*)?|/api/v1/history/export|/api/v1/(logout|account)(/.*)?|/account(/.*)?"
)
"""What everybody with an account may do, whatever the method."""
GUEST = re.compile(
    r"/transcriptions/[^/]+|/api/v1/transcriptions/[^/]+(/(events|segments|edits|audio|peaks|export|findings|speakers))?"
    r"|/api/v1/journal/[^/]+|/live/[^/]+/view|/api/v1/live/[^/]+/events"
)
"""What somebody may ask for who came with a link to a transcription; the store shows them no other."""
AUDIENCE = re.compile(r"/live/[^/]+/view|/api/v1/live/[^/]+/events|/api/v1/journal/[^/]+")
"""The part of it for somebody whose link only lets them read along with a live session."""
CORRECTIONS = re.compile(r"/api/v1/transcriptions/[^/]+/edits(/by-speaker)?")
"""Whoever a text is shared with may be allowed to correct it; the service looks at that."""
KNOWN = re.compile(r"(/openai)?/v1/models(/.*)?")
"""What any key opens, whatever its scopes: programs ask for models before they send anything."""
SOCKETS_TO_READ = frozenset({"/api/v1/doctor/echo"})


def is_open(path: str) -> bool:
    """Return whether everybody may come here."""
    return OPEN.fullmatch(path) is not None


def is_for_guests(method: str | None, path: str) -> bool:
    """Return whether somebody may do this who came with a link."""
    may_change = CORRECTIONS.fullmatch(path) or path.startswith("/api/v1/journal/")
    return GUEST.fullmatch(path) is not None and bool(method in SAFE_METHODS or may_change)


def opens(shared: Shared, path: str) -> bool:
    """Return whether what a link shares counts for this path."""
    return not shared.for_audience or AUDIENCE.fullmatch(path) is not None


def needed(method: str | None, path: str) -> Permission | None:
    """Return what a request needs; None: any account. A WebSocket has no method."""
    if ADMIN.fullmatch(path) or (ADMIN_CHANGES.fullmatch(path) and method not in SAFE_METHODS):
        return Permission.ADMIN
    if KNOWN.fullmatch(path):
        return None
    if CORRECTIONS.fullmatch(path) or READ.fullmatch(path) or path in SOCKETS_TO_READ or method in SAFE_METHODS:
        return Permission.READ
    return Permission.TRANSCRIBE
