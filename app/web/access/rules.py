"""What a request must be allowed to do, by its method and path. tests/web/test_access.py lists every route.

A path that no rule names needs `read` for looking and `transcribe` for anything else.
"""

from __future__ import annotations

import re

from app.domain.people import Permission

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

OPEN = re.compile(
    r"/static/.*|/(api/v1/)?(health|ready)|/metrics|/login|/welcome|/preferences|/api/v1/(login|welcome)(/.*)?|/favicon\.ico"
)
"""For everybody: /metrics looks at the address itself."""
ADMIN = re.compile(
    r"/(settings|logs|webhooks|replay|people|audit|doctor|models)(/.*)?"
    r"|/api/v1/(settings|logs|webhooks|replay|people|audit|requests|doctor/checks|system/model)(/.*)?"
    r"|/api/v1/vad/events/install|/api/v1/batches/[^/]+/folder"
)
"""What concerns the whole server, or shows more than one's own; any method."""
ADMIN_CHANGES = re.compile(r"/api/v1/models(/.*)?")
"""What everybody may look at."""
READ = re.compile(
    r"/api/v1/(journal|doctor)(/.*)?|/api/v1/history/export|/api/v1/(logout|account)(/.*)?|/account(/.*)?"
)
"""What everybody with an account may do, whatever the method."""
KNOWN = re.compile(r"(/openai)?/v1/models(/.*)?")
"""What any key opens, whatever its scopes: programs ask for models before they send anything."""
SOCKETS_TO_READ = frozenset({"/api/v1/doctor/echo"})


def is_open(path: str) -> bool:
    """Return whether everybody may come here."""
    return OPEN.fullmatch(path) is not None


def needed(method: str | None, path: str) -> Permission | None:
    """Return what a request needs; None: any account. A WebSocket has no method."""
    if ADMIN.fullmatch(path) or (ADMIN_CHANGES.fullmatch(path) and method not in SAFE_METHODS):
        return Permission.ADMIN
    if KNOWN.fullmatch(path):
        return None
    if READ.fullmatch(path) or path in SOCKETS_TO_READ or method in SAFE_METHODS:
        return Permission.READ
    return Permission.TRANSCRIBE
