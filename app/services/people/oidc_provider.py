"""An OpenID provider as its clients see it: its description, its keys, and the tokens it issues (OpenID Connect Core).

All of it happens over the network, within a time limit; whatever goes wrong there is LoginProviderUnusable.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

import httpx2
from authlib.integrations.httpx_client import OAuth2Client, OAuthError
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from app.domain.addresses import is_safe_issuer
from app.domain.errors.people import LoginNotAccepted, LoginProviderUnusable
from app.domain.reasons import TOKEN_NOT_VALID
from app.logging import event

TIMEOUT = httpx2.Timeout(5.0)
"""For connecting, and for each part of an answer."""
FRESH_SECONDS = 3600.0
"""How long its description is used before it is asked for again."""
LEEWAY_SECONDS = 60
"""By which the clocks of two machines may differ."""
SIGNATURES = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA", "Ed25519"),
)
"""With public keys only: a token signed with the client's secret, or not at all, is no proof."""
NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")

_log = logging.getLogger(__name__)


class OidcProvider:
    """One provider. Every method may be called from any thread, and may wait for the network."""

    def __init__(self, issuer: str, client_id: str, secret_file: Path | None, scopes: str) -> None:
        self._issuer = issuer.rstrip("/")
        self._client_id = client_id
        self._secret_file = secret_file
        self._scopes = scopes
        self._description: dict[str, Any] = {}
        self._described_at = 0.0
        self._keys: KeySet | None = None
        self._lock = Lock()

    @property
    def issuer(self) -> str:
        """Return its name, as it writes it itself."""
        return str(self._described()["issuer"])

    def authorization_address(self, redirect_uri: str, state: str, nonce: str, verifier: str) -> str:
        """Return where a browser is sent to log in.

        Raises:
            LoginProviderUnusable
        """
        endpoint = self._described()["authorization_endpoint"]
        with self._client(redirect_uri) as client:
            address, _ = client.create_authorization_url(endpoint, state, code_verifier=verifier, nonce=nonce)
        return str(address)

    def claims(self, code: str, redirect_uri: str, nonce: str, verifier: str) -> dict[str, Any]:
        """Return what the provider says about the person whose browser came back with `code`.

        Raises:
            LoginProviderUnusable
            LoginNotAccepted: it refuses the code, or its token is not valid.
        """
        endpoint = self._described()["token_endpoint"]
        with self._client(redirect_uri) as client, _told_plainly():
            token = client.fetch_token(endpoint, grant_type="authorization_code", code=code, code_verifier=verifier)
            claims = self._checked(token, nonce)
            return self._completed(client, claims)

    def _checked(self, token: Mapping[str, Any], nonce: str) -> dict[str, Any]:
        """Return the claims of an ID token after its signature, issuer, audience, nonce and times were checked."""
        encoded = token.get("id_token")
        if not isinstance(encoded, str):
            raise _not_accepted("no id_token")
        try:
            decoded = self._decoded(encoded)
            issuer = {"essential": True, "value": self.issuer}
            audience = {"essential": True, "value": self._client_id}
            expected = {"nonce": nonce, "client_id": self._client_id, "access_token": token.get("access_token")}
            claims = CodeIDToken(decoded.claims, decoded.header, {"iss": issuer, "aud": audience}, expected)
            claims.validate(leeway=LEEWAY_SECONDS)
        except (JoseError, ValueError, TypeError) as error:
            raise _not_accepted(getattr(error, "error", "") or type(error).__name__) from error
        if not isinstance(claims["sub"], str) or not claims["sub"]:
            raise _not_accepted("sub")
        return dict(claims)

    def _decoded(self, encoded: str) -> jwt.Token:
        """Return a token whose signature was checked; keys that are not known yet are asked for."""
        registry = JWSRegistry(algorithms=list(SIGNATURES), strict_check_header=False)
        keys = self._keys or self._new_keys()
        try:
            return jwt.decode(encoded, keys, registry=registry)
        except InvalidKeyIdError:
            return jwt.decode(encoded, self._new_keys(), registry=registry)

    def _completed(self, client: OAuth2Client, claims: dict[str, Any]) -> dict[str, Any]:
        """Add what many providers tell at their userinfo endpoint only, such as groups."""
        endpoint = self._described().get("userinfo_endpoint")
        if not endpoint:
            return claims
        answer = client.get(endpoint)
        told = answer.json() if answer.is_success else {}
        is_same = isinstance(told, dict) and told.get("sub") == claims["sub"]
        return told | claims if is_same else claims

    # What is kept

    def _described(self) -> dict[str, Any]:
        """Return its description; where it cannot be had now, the one that was had before."""
        with self._lock:
            if self._description and time.monotonic() - self._described_at < FRESH_SECONDS:
                return self._description
            try:
                self._description = self._asked_for_description()
            except LoginProviderUnusable:
                if not self._description:
                    raise
            self._described_at = time.monotonic()
            return self._description

    def _asked_for_description(self) -> dict[str, Any]:
        found = self._json(f"{self._issuer}/.well-known/openid-configuration")
        if str(found.get("issuer", "")).rstrip("/") != self._issuer:
            raise _unusable("it names another issuer")
        if not all(is_safe_issuer(str(found.get(name, ""))) for name in NEEDED):
            raise _unusable("its description lacks an https address")
        return found

    def _new_keys(self) -> KeySet:
        """Return the keys that it signs with now; those of kinds that are not known here are left out."""
        listed = self._json(self._described()["jwks_uri"]).get("keys")
        keys = []
        for each in listed if isinstance(listed, list) else ():
            try:
                keys += KeySet.import_key_set({"keys": [each]}).keys
            except (JoseError, ValueError, TypeError, KeyError):
                continue
        self._keys = KeySet(keys)
        return self._keys

    def _json(self, address: str) -> dict[str, Any]:
        with _told_plainly():
            answer = httpx2.get(address, timeout=TIMEOUT)
            answer.raise_for_status()
            found = answer.json()
        if not isinstance(found, dict):
            raise _unusable("it answers something else than JSON")
        return found

    @contextmanager
    def _client(self, redirect_uri: str) -> Iterator[OAuth2Client]:
        supported = self._described().get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        secret = self._secret()
        method = "client_secret_basic" if "client_secret_basic" in supported else "client_secret_post"
        with OAuth2Client(
            self._client_id,
            secret,
            token_endpoint_auth_method=method if secret else "none",
            scope=self._scopes,
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
            timeout=TIMEOUT,
        ) as client:
            yield client

    def _secret(self) -> str | None:
        """Return the client's secret, which may change while the program runs."""
        if self._secret_file is None:
            return None
        try:
            return self._secret_file.read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            raise _unusable("the file of the client's secret cannot be read") from error


@contextmanager
def _told_plainly() -> Iterator[None]:
    """Turn whatever goes wrong with the provider into an error of ours, and log what it was.

    Raises:
        LoginProviderUnusable: it cannot be reached, or answers nonsense.
        LoginNotAccepted: it refuses.
    """
    try:
        yield
    except OAuthError as error:
        raise _not_accepted(str(error.error)) from error
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, KeyError, TypeError) as error:
        raise _unusable(type(error).__name__) from error


def _unusable(reason: str) -> LoginProviderUnusable:
    event(_log, logging.ERROR, "login_provider_unusable", reason=reason)
    return LoginProviderUnusable()


def _not_accepted(reason: str) -> LoginNotAccepted:
    event(_log, logging.WARNING, "login_not_accepted", reason=reason)
    return LoginNotAccepted(reason=TOKEN_NOT_VALID)
