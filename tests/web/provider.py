"""A small OpenID provider on the loopback address, which behaves as a test wants. It verifies PKCE and the client."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

CLIENT, SECRET = "funasr", "the secret of the client"


@dataclass
class Provider:
    """What the provider knows, and what it does otherwise than it should."""

    issuer: str = ""
    key: RSAKey | ECKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "first"}))
    person: dict[str, Any] = field(default_factory=lambda: {"sub": "17", "preferred_username": "li"})
    claims: dict[str, Any] = field(default_factory=dict)
    """Claims of the token that are otherwise than they should be; None leaves one out."""
    signing_key: RSAKey | ECKey | None = None
    """With which tokens are signed; None: `key`."""
    algorithm: str = "RS256"
    forgery: bytes | None = None
    """A secret with which tokens are signed by HMAC instead; empty: they are not signed at all."""
    userinfo: dict[str, Any] | None = None
    """What the userinfo endpoint tells; None: there is none."""
    refuses: str = ""
    """The error with which it answers instead of a code."""
    is_down: bool = False
    requests: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def description(self) -> dict[str, Any]:
        names = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        if self.userinfo is not None:
            names["userinfo_endpoint"] = "userinfo"
        return {"issuer": self.issuer} | {name: f"{self.issuer}/{path}" for name, path in names.items()}

    def authorize(self, asked: dict[str, str]) -> str:
        """Return where the browser is sent back to, after somebody has logged in."""
        assert asked["client_id"] == CLIENT
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        if self.refuses:
            return f"{asked['redirect_uri']}?{urlencode({'error': self.refuses, 'state': asked['state']})}"
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """Exchange a code, once, for a token."""
        asked = self.codes.pop(form.get("code", ""), None)
        challenge = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        is_right = (
            asked is not None and base64.urlsafe_b64encode(challenge).rstrip(b"=").decode() == asked["code_challenge"]
        )
        if not is_right or asked is None or form.get("redirect_uri") != asked["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        if base64.b64decode(authorization.removeprefix("Basic ")).decode() != f"{CLIENT}:{SECRET}":
            return 401, {"error": "invalid_client"}
        return 200, {
            "access_token": "an access token",
            "token_type": "Bearer",
            "id_token": self.id_token(asked["nonce"]),
        }

    def id_token(self, nonce: str) -> str:
        now = int(time.time())
        usual = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": nonce}
        told = {name: value for name, value in (usual | self.person | self.claims).items() if value is not None}
        key = self.signing_key or self.key
        if self.forgery is not None:
            header = {"alg": "HS256" if self.forgery else "none", "kid": key.kid}
            text = ".".join(_encoded(json.dumps(part).encode()) for part in (header, told))
            proof = hmac.digest(self.forgery, text.encode(), "sha256") if self.forgery else b""
            return f"{text}.{_encoded(proof)}"
        return jwt.encode({"alg": self.algorithm, "kid": key.kid}, told, key, algorithms=[self.algorithm])


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@contextmanager
def providing() -> Iterator[Provider]:
    provider = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            provider.requests.append(address.path)
            asked = dict(parse_qsl(address.query))
            if provider.is_down:
                self._answer(503, {})
            elif address.path == "/authorize":
                self.send_response(302)
                self.send_header("location", provider.authorize(asked))
                self.send_header("content-length", "0")
                self.end_headers()
            else:
                told = {
                    "/.well-known/openid-configuration": provider.description(),
                    "/keys": {"keys": [provider.key.as_dict(private=False), {"kty": "of the future"}]},
                    "/userinfo": provider.userinfo,
                }
                self._answer(200, told[address.path])

        def do_POST(self) -> None:
            provider.requests.append(self.path)
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self._answer(*provider.token(form, self.headers.get("authorization", "")))

        def _answer(self, status: int, told: Any) -> None:
            body = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
