"""Validation of paths, hosts and networks from users and proxies. Anything ambiguous is refused."""

from __future__ import annotations

import ipaddress
import re
from typing import TypeAlias
from urllib.parse import urlsplit

Networks: TypeAlias = tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]

LONGEST_PATH = 200
LARGEST_PORT = 65535
# Unreserved characters of RFC 3986 only: nothing with a meaning in HTML, headers, cookies or URLs.
SEGMENT = r"/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+"
ROOT_PATH = re.compile(rf"(?:{SEGMENT})+")
HEADER = re.compile(r"[A-Za-z0-9-]{1,100}")
TAKEN_HEADERS = frozenset({"authorization", "cookie", "host", "api-key", "origin"})
NAME_AND_PORT = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?")


def checked_root_path(text: str) -> str:
    """Return a path such as /asr or /tools/asr without a trailing slash; empty for the root of a host.

    Raises:
        ValueError: it is not such a path.
    """
    path = text.removesuffix("/")
    if path and not (len(path) <= LONGEST_PATH and ROOT_PATH.fullmatch(path)):
        raise ValueError("a path such as /asr: letters, digits, '-', '.', '_', '~' and single slashes")
    return path


def checked_networks(text: str) -> str:
    """Return `text` if it is a comma-separated list of addresses and networks.

    Raises:
        ValueError: it does not.
    """
    networks(text)
    return text


def networks(text: str) -> Networks:
    """Return the networks of a list such as `127.0.0.1, 172.16.0.0/12`; an address is a network of one.

    Raises:
        ValueError: an item is neither.
    """
    return tuple(ipaddress.ip_network(item.strip(), strict=False) for item in text.split(",") if item.strip())


def is_loopback(host: str) -> bool:
    """Return whether a server listening on `host` is only reachable from this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_safe_issuer(address: str) -> bool:
    """Return whether an address may say who somebody is: over HTTPS, or on this machine."""
    parts = urlsplit(address)
    is_local = parts.scheme == "http" and is_loopback(parts.hostname or "")
    return bool(parts.hostname) and (parts.scheme == "https" or is_local)


def checked_issuer(text: str) -> str:
    """Return the address of an OpenID provider; empty for none.

    Raises:
        ValueError: it is not one over HTTPS, or on this machine.
    """
    if text and not is_safe_issuer(text):
        raise ValueError("an address such as https://login.example.com/realms/office")
    return text


def checked_header(text: str) -> str:
    """Return the name of a header; empty for none.

    Raises:
        ValueError: it is none, or has another meaning.
    """
    if text and (not HEADER.fullmatch(text) or text.lower() in TAKEN_HEADERS):
        raise ValueError("the name of a header such as X-Remote-User")
    return text


def is_within(address: str, allowed: Networks) -> bool:
    """Return whether an address is in one of the networks; IPv4-mapped IPv6 addresses count as IPv4."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])  # fe80::1%eth0
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    return any(ip in network for network in allowed)


def is_host(text: str) -> bool:
    """Return whether `text` is the name or address of a host, with or without a port."""
    return NAME_AND_PORT.fullmatch(text) is not None


def is_port(text: str) -> bool:
    return text.isascii() and text.isdecimal() and 0 < int(text[:6]) <= LARGEST_PORT
