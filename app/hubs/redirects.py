"""Follows redirects of a hub to its storage server, without sending that server the hub's credentials."""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

CREDENTIALS = ("Authorization", "Cookie")
LINKED_ETAG = "X-Linked-ETag"


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Keeps credentials from other hosts, and https from becoming http."""

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        old, new = urlsplit(req.full_url), urlsplit(newurl)
        if new.scheme not in ("http", "https") or (old.scheme, new.scheme) == ("https", "http"):
            raise urllib.error.HTTPError(req.full_url, 403, f"redirect to {new.scheme}", headers, fp)
        request = super().redirect_request(req, fp, code, msg, headers, newurl)
        if request is not None and (old.scheme, old.netloc) != (new.scheme, new.netloc):
            for name in CREDENTIALS:
                request.remove_header(name)
        return request

    def http_error_302(self, req: Any, fp: Any, code: int, msg: str, headers: Any) -> Any:
        """Follow, and keep the SHA-256 that Hugging Face sends only in the redirect."""
        answer = super().http_error_302(req, fp, code, msg, headers)
        promised = headers.get(LINKED_ETAG, "")
        if answer is not None and promised and LINKED_ETAG not in answer.headers:
            answer.headers[LINKED_ETAG] = promised
        return answer

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


OPENER = urllib.request.build_opener(_Redirects)
