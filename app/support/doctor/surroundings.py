"""What lies around the program: media libraries, the port, proxies, the clock."""

from __future__ import annotations

import os
import socket
import urllib.error
import urllib.request
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.errors import N_
from app.store.database import DATABASE_NAME
from app.store.snapshot import newest_moment
from app.support.doctor.check import Check, Subject, failure, ok, warning
from app.support.doctor.packages import REINSTALL

DECODERS = ("mp3", "aac", "opus", "vorbis", "flac", "wmav2", "pcm_s16le", "pcm_mulaw")
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
ANSWER_SECONDS = 3.0
CLOCK_TOLERANCE = timedelta(minutes=5)


def media(_subject: Subject) -> Iterable[Check]:
    """Look for FFmpeg's libraries, which come with the package av, and for the decoders that recordings need."""
    advice = REINSTALL
    try:
        import av
    except ImportError as error:
        yield failure(
            "media", N_("The media libraries cannot be loaded: {reason}"), advice, reason=str(error)
        )
        return
    versions = ", ".join(
        f"{name} {'.'.join(map(str, av.library_versions[name]))}" for name in ("libavformat", "libavcodec")
    )
    absent = [name for name in DECODERS if name not in av.codecs_available]
    if absent:
        fact = N_("{versions} cannot read: {names}")
        yield failure("media", fact, advice, versions=versions, names=", ".join(absent))
    else:
        yield ok("media", N_("{versions}, with every decoder that is needed"), versions=versions)


def port(subject: Subject) -> Iterable[Check]:
    """Look who listens on the port: nobody, this program, or another one."""
    if not subject.port:
        return  # the server takes a free one
    place = {"port": subject.port}
    host = "127.0.0.1" if subject.host in ("0.0.0.0", "::") else subject.host  # noqa: S104 - compared, not bound
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.settimeout(ANSWER_SECONDS)
        if probe.connect_ex((host, subject.port)) != 0:
            yield ok("port", N_("Port {port} is free."), **place)
            return
    if _is_ours(host, subject.port):
        yield ok("port", N_("The server answers on port {port}."), **place)
    else:
        advice = N_("Choose another port with --port, or stop the program that uses it.")
        yield warning("port", N_("Another program listens on port {port}."), advice, **place)


def proxy(_subject: Subject) -> Iterable[Check]:
    """Look whether the proxy of the environment would stand between a program and this server."""
    proxies = [name for name in PROXIES if os.environ.get(name) or os.environ.get(name.lower())]
    if not proxies:
        yield ok("proxy", N_("No proxy is set."))
        return
    names = ", ".join(proxies)
    exempt = os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or ""
    if {"*", "localhost", "127.0.0.1"} & {part.strip() for part in exempt.split(",")}:
        yield ok("proxy", N_("{names} is set, and this machine is exempt."), names=names)
        return
    yield warning(
        "proxy",
        N_(
            "{names} is set, and this machine is not exempt: programs here may ask the proxy for this server."
        ),
        N_("Set NO_PROXY=localhost,127.0.0.1 where those programs are started."),
        names=names,
    )


def clock(subject: Subject) -> Iterable[Check]:
    """Compare the clock with what it must be later than: the program's own files and the newest recording."""
    now = datetime.now(UTC)
    fact = N_("The clock says {now} (UTC).")
    known = {"now": now.isoformat(timespec="seconds")}
    latest = max(_program_time(), _newest_recording(subject.data_dir / DATABASE_NAME) or _program_time())
    if latest > now + CLOCK_TOLERANCE:
        yield warning(
            "clock",
            N_(
                "The clock says {now} (UTC), but something here was made at {later}: it runs wrong or was set back."
            ),
            N_(
                "Set the clock, best by the network (timedatectl set-ntp true); the order of the history follows it."
            ),
            later=latest.isoformat(timespec="seconds"),
            **known,
        )
    else:
        yield ok("clock", fact, **known)


def _is_ours(host: str, port_number: int) -> bool:
    shown = f"[{host}]" if ":" in host else host
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://{shown}:{port_number}/api/v1/health", timeout=ANSWER_SECONDS) as answer:
            return b'"status"' in answer.read(4096)
    except (OSError, ValueError):
        return False


def _program_time() -> datetime:
    return datetime.fromtimestamp(Path(__file__).stat().st_mtime, UTC)


def _newest_recording(file: Path) -> datetime | None:
    newest = newest_moment(file)
    return datetime.fromisoformat(newest).replace(tzinfo=UTC) if newest else None
