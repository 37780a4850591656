"""Checks of the environment: media libraries, the port, proxies, the clock."""

from __future__ import annotations

import errno
import os
import socket
import ssl
import urllib.request
from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from ipaddress import IPv4Address, ip_network
from pathlib import Path

from app import PROGRAM
from app.domain.addresses import is_loopback
from app.domain.errors.base import N_
from app.engine.preparation.sandbox import SandboxSupport, sandbox_support
from app.store.sqlite.database import DATABASE_NAME
from app.store.sqlite.snapshot import newest_moment
from app.support.doctor.check import Check, Subject, failure, note, ok, warning
from app.support.doctor.packages import REINSTALL

DECODERS = ("mp3", "aac", "opus", "vorbis", "flac", "wmav2", "pcm_s16le", "pcm_mulaw")
CONTAINER_MARKS = ("/.dockerenv", "/run/.containerenv")  # Docker and Podman
PROXIES = ("HTTP_PROXY", "ALL_PROXY")  # HTTPS_PROXY is for other servers
LOOPBACK = IPv4Address("127.0.0.1")
ANSWER_SECONDS = 15.0  # for a busy machine; an answer ends the wait
CLOCK_TOLERANCE = timedelta(minutes=5)
WRITTEN = datetime(2026, 11, 1, tzinfo=UTC)
"""A correct clock is never earlier than this: the file was written then."""


def media(_subject: Subject) -> Iterable[Check]:
    """Look for FFmpeg's libraries, which come with the package av, and for the decoders that recordings need."""
    try:
        import av
    except Exception as error:  # noqa: BLE001 - a broken library fails in many ways
        fact = N_("The media libraries cannot be loaded: {reason}")
        yield failure("media", fact, REINSTALL, reason=str(error))
        return
    versions = ", ".join(
        f"{name} {'.'.join(map(str, av.library_versions[name]))}" for name in ("libavformat", "libavcodec")
    )
    yield decoders(versions, av.codecs_available)


def decoders(versions: str, available: Collection[str]) -> Check:
    """Return the check for decoders; a missing one only affects its own formats."""
    absent = [name for name in DECODERS if name not in available]
    if absent:
        fact = N_("{versions} cannot read: {names}")
        advice = N_("Recordings of these kinds are refused. {detail}")
        return warning("media", fact, advice, versions=versions, names=", ".join(absent), detail=REINSTALL)
    return ok("media", N_("{versions}, with every decoder that is needed"), versions=versions)


def decoder_sandbox(_subject: Subject) -> Iterable[Check]:
    """Look whether the system can confine the process that decodes recordings; without it everything works as well."""
    yield sandbox_check(sandbox_support())


def sandbox_check(support: SandboxSupport) -> Check:
    """Return the check for what this system can confine."""
    if support.files and support.network:
        fact = N_("Recordings are decoded in a sandbox: no other file, no network, no other program.")
        return ok("decoder_sandbox", fact)
    if support.files:
        fact = N_(
            "The sandbox for decoding recordings refuses other files, but not every use of the network ({reason})."
        )
    elif support.network:
        fact = N_(
            "The sandbox for decoding recordings refuses the network and other programs, but not other files ({reason})."
        )
    else:
        fact = N_("This system offers no sandbox for decoding recordings ({reason}); limits on time and memory hold.")
    return note("decoder_sandbox", fact, reason=support.reason)


def port(subject: Subject) -> Iterable[Check]:
    """Try the port: free, used by this program, used by another one, or not permitted."""
    if not subject.port:
        return  # the server picks a free one
    place = {"host": subject.host, "port": subject.port}
    trouble = _why_unusable(subject.host, subject.port)
    advice = N_("Choose another port with --port, or stop the program that uses it.")
    if trouble is None:
        yield ok("port", N_("Port {port} is free."), **place)
    elif trouble.errno != errno.EADDRINUSE:
        fact = N_("Nothing can be served at {host}, port {port}: {reason}")
        instead = N_("Choose another address with --host or another port with --port.")
        yield warning("port", fact, instead, reason=trouble.strerror or str(trouble), **place)
    elif _is_ours(subject.host, subject.port):
        yield ok("port", N_("The server answers on port {port}."), **place)
    else:
        yield warning("port", N_("Another program listens on port {port}."), advice, **place)


def network(subject: Subject) -> Iterable[Check]:
    """Report a server that other machines can reach; in a container the published ports decide that."""
    host = subject.host
    if is_loopback(host):
        yield ok("network", N_("Only this machine reaches the server ({host})."), host=host)
        return
    if subject.needs_login:
        yield ok("network", N_("Other machines reach the server ({host}), and people log in."), host=host)
        return
    fact = N_(
        "Other machines reach the server ({host}), and it was started without a login: whoever reaches it can read, change and delete everything."
    )
    advice = N_(
        "Start it without --insecure-no-login, or put a reverse proxy with a login in front (docs/reverse-proxy.md)."
    )
    if any(Path(mark).exists() for mark in CONTAINER_MARKS):
        advice = N_(
            "Publish its port to this machine only, or put a reverse proxy with a login in front (docs/reverse-proxy.md)."
        )
        yield note("network", fact, advice, host=host)
    else:
        yield failure("network", fact, advice, host=host)


def proxy(_subject: Subject) -> Iterable[Check]:
    """Check whether a proxy from the environment would intercept plain HTTP requests to this server."""
    proxies = [name for name in PROXIES if os.environ.get(name) or os.environ.get(name.lower())]
    if not proxies:
        yield ok("proxy", N_("No proxy is set that would hinder."))
        return
    names = ", ".join(proxies)
    exempt = os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or ""
    if any(_means_this_machine(part) for part in exempt.split(",")):
        yield ok("proxy", N_("{names} is set, and this machine is exempt."), names=names)
        return
    yield note(
        "proxy",
        N_("{names} is set, and this machine is not exempt: programs here may ask the proxy for this server."),
        N_("Set NO_PROXY=localhost,127.0.0.1 where those programs are started."),
        names=names,
    )


def clock(subject: Subject) -> Iterable[Check]:
    """Compare the clock with times in the past: this program's, and the newest recording's.

    File times are no evidence: copies, clones and archives from other time zones have arbitrary ones.
    """
    now = datetime.now(UTC)
    latest = max(WRITTEN, _newest_recording(subject.data_dir / DATABASE_NAME) or WRITTEN)
    yield clock_check(now, latest)


def clock_check(now: datetime, latest: datetime) -> Check:
    known = {"now": now.isoformat(timespec="seconds")}
    if latest <= now + CLOCK_TOLERANCE:
        return ok("clock", N_("The clock says {now} (UTC)."), **known)
    return warning(
        "clock",
        N_("The clock says {now} (UTC), but something here was made at {later}: it runs wrong or was set back."),
        N_("Set the clock, best by the network (timedatectl set-ntp true); the order of the history follows it."),
        later=latest.isoformat(timespec="seconds"),
        **known,
    )


def _why_unusable(host: str, port_number: int) -> OSError | None:
    """Open the port as the server would; return the error, or None."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind((host, port_number))
            trial.listen()
    except OSError as error:
        return error
    return None


def _is_ours(host: str, port_number: int) -> bool:
    """Return whether this program answers; uses the liveness endpoint, which waits for nothing."""
    place = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    shown = f"[{place}]" if ":" in place else place
    return any(_says_its_name(f"{scheme}://{shown}:{port_number}/health") for scheme in ("http", "https"))


def _says_its_name(address: str) -> bool:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = (
        False,
        ssl.CERT_NONE,
    )  # the certificate has another name than this machine
    handlers = urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
    opener = urllib.request.build_opener(*handlers)
    try:
        with opener.open(address, timeout=ANSWER_SECONDS) as answer:
            return PROGRAM.encode() in answer.read(4096)
    except (OSError, ValueError, HTTPException):
        return False


def _means_this_machine(exempt: str) -> bool:
    """Return whether a NO_PROXY entry covers the loopback address: "*", a name, an address, a network; with any port."""
    name = exempt.strip().lower()
    if name in ("*", "127.*", "::1", "[::1]"):
        return True
    host = name.partition(":")[0].lstrip(".")
    if host == "localhost":
        return True
    try:
        return LOOPBACK in ip_network(host, strict=False)
    except ValueError:
        return False


def _newest_recording(file: Path) -> datetime | None:
    newest = newest_moment(file)
    return datetime.fromisoformat(newest).replace(tzinfo=UTC) if newest else None
