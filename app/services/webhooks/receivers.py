"""The receivers of webhooks, and the addresses to which messages may be sent.

A person who may add a webhook could otherwise have the server ask addresses that only it can reach (server-side request
forgery, OWASP): so a name is resolved once for each attempt, every address is checked, and the connection goes to the
checked address, whatever the name means a moment later (DNS rebinding). Redirects are not followed.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from app.domain.addresses import Networks, is_within
from app.domain.errors.base import N_
from app.domain.errors.webhooks import WebhookAddressRefused

LONGEST_URL = 2000
ANSWER_SECONDS = 15.0
READ_BYTES = 4096  # of an answer; what it says is of no interest
PORTS = {"http": 80, "https": 443}


class Unreachable(Exception):
    """An attempt failed before there was an answer."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where one attempt goes."""

    parts: SplitResult
    address: str
    """A checked IP address."""

    @property
    def port(self) -> int:
        return self.parts.port or PORTS[self.parts.scheme]

    @property
    def path(self) -> str:
        return (self.parts.path or "/") + (f"?{self.parts.query}" if self.parts.query else "")


def checked_url(url: str) -> SplitResult:
    """Return the parts of an address that may be a receiver.

    Raises:
        WebhookAddressRefused
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise WebhookAddressRefused(url=url[:200], reason=str(error)) from error
    reason = _refusal(url, parts, port)
    if reason:
        raise WebhookAddressRefused(url=url[:200], reason=reason)
    return parts


def _refusal(url: str, parts: SplitResult, port: int | None) -> str:
    if parts.scheme not in PORTS or not parts.hostname or port == 0:
        return N_("it is no http or https address")
    if len(url) > LONGEST_URL or any(ord(character) <= ord(" ") for character in url):
        return N_("it is too long, or holds blanks or control characters")
    if parts.username is not None or parts.password is not None:
        return N_("it holds a name or a password")
    return ""


def target_of(url: str, allowed: Networks) -> Target:
    """Resolve the name of a receiver, and return the first of its addresses if all of them may be asked.

    Raises:
        WebhookAddressRefused: one is neither public nor in `allowed`.
        Unreachable: the name has no address.
    """
    parts = checked_url(url)
    port = parts.port or PORTS[parts.scheme]
    try:
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unreachable(f"{parts.hostname}: {error}") from error
    addresses = [str(place[0]) for *_, place in found]
    if not addresses or not all(_may_be_asked(address, allowed) for address in addresses):
        raise WebhookAddressRefused(url=url[:200], reason=N_("it is in a private network"))
    return Target(parts, addresses[0])


def _may_be_asked(address: str, allowed: Networks) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    return (ip.is_global and not ip.is_multicast) or is_within(str(ip), allowed)


def post(target: Target, body: bytes, headers: Mapping[str, str]) -> int:
    """Send one message, and return the HTTP status of the answer.

    Raises:
        Unreachable: there is no answer within ANSWER_SECONDS.
    """
    connection = _connection(target)
    try:
        connection.request("POST", target.path, body, {"host": _host(target), **headers})
        answer = connection.getresponse()
        answer.read(READ_BYTES)
    except (OSError, http.client.HTTPException) as error:
        raise Unreachable(str(error) or type(error).__name__) from error
    finally:
        connection.close()
    return answer.status


def _connection(target: Target) -> http.client.HTTPConnection:
    if target.parts.scheme == "http":
        return http.client.HTTPConnection(target.address, target.port, timeout=ANSWER_SECONDS)
    return _CheckedHttps(target)


class _CheckedHttps(http.client.HTTPSConnection):
    """HTTPS to a given address, with the certificate of the name."""

    def __init__(self, target: Target) -> None:
        self._tls = ssl.create_default_context()
        self._name = target.parts.hostname
        super().__init__(target.address, target.port, timeout=ANSWER_SECONDS, context=self._tls)

    def connect(self) -> None:
        plain = socket.create_connection((self.host, self.port), self.timeout)
        try:
            self.sock = self._tls.wrap_socket(plain, server_hostname=self._name)
        except BaseException:
            with suppress(OSError):
                plain.close()
            raise


def _host(target: Target) -> str:
    name = target.parts.hostname or ""
    name = f"[{name}]" if ":" in name else name
    return name if target.port == PORTS[target.parts.scheme] else f"{name}:{target.port}"
