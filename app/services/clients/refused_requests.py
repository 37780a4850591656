"""Keeps the latest requests of programs that were refused: they have no job whose case could tell what was sent."""

from __future__ import annotations

import json
import logging
import re
from contextlib import suppress
from pathlib import Path
from threading import Lock

from app.atomic import write_atomically
from app.domain.client_request import ClientRequest
from app.logging import event

FOLDER = "refused_requests"
"""Below the data folder."""
MOST_KEPT = 100

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_log = logging.getLogger(__name__)


class RefusedRequests:
    """Requests by their id in the log. Every method may be called from any thread."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / FOLDER
        self._lock = Lock()

    def keep(self, request: str, sent: ClientRequest) -> None:
        """Keep what was sent; the oldest ones go. A disk that refuses is only logged: the client has its answer."""
        if not _NAME.fullmatch(request):
            return
        try:
            with self._lock:
                self._folder.mkdir(parents=True, exist_ok=True)
                write_atomically(self._file(request), json.dumps(sent.to_dict()), durable=False)
                self._forget_oldest()
        except OSError as error:
            event(_log, logging.WARNING, "refused_request_not_kept", code=error.errno)

    def find(self, request: str) -> ClientRequest | None:
        """Return what was sent with this id, if it was refused lately."""
        if not _NAME.fullmatch(request):
            return None
        with suppress(OSError, ValueError, LookupError, TypeError):
            return ClientRequest.from_dict(json.loads(self._file(request).read_bytes()))
        return None

    def _file(self, request: str) -> Path:
        return self._folder / f"{request}.json"

    def _forget_oldest(self) -> None:
        files = sorted(self._folder.glob("*.json"), key=lambda file: file.stat().st_mtime_ns)
        for file in files[:-MOST_KEPT]:
            file.unlink(missing_ok=True)
