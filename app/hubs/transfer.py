"""Downloads one file over HTTP: resumes where an earlier attempt stopped, and verifies the result.

Standard library only, so that proxies (HTTPS_PROXY, NO_PROXY) and certificates (SSL_CERT_FILE) are the system's.
"""

from __future__ import annotations

import errno
import http.client
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any, Protocol

from app.domain.errors.base import N_
from app.domain.errors.models import HubRefused, HubUnreachable, NoRoomForModel, TransferBroken
from app.free_space import keep_reserve
from app.hubs import HubName, RemoteFile
from app.hubs.checksums import is_as_announced, is_sha256
from app.hubs.reasons import reason_of
from app.hubs.redirects import OPENER

CHUNK_BYTES = 256 * 1024
PART_SUFFIX = ".partial"
USER_AGENT = "funasr-webui"
PERMANENT = frozenset({400, 401, 403, 404, 405, 410, 451})  # retrying would not help
NO_SUCH_RANGE = 416
PARTIAL_CONTENT = 206
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

BROKEN = N_("the connection broke")
WRONG_BYTES = N_("its checksum is not the announced one")


class Cancelled(Exception):
    """The download was cancelled; downloaded data is kept."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How persistently a transfer retries."""

    attempts: int = 6
    """Consecutive attempts without a single byte."""
    pause_seconds: float = 1.0
    """Before the second attempt; doubled each time."""
    silence_seconds: float = 20.0
    """After which a silent connection counts as broken."""


class Report(Protocol):
    """Called with the number of received bytes; a negative number takes some back."""

    def __call__(self, arrived: int, /) -> None: ...


@dataclass(frozen=True, slots=True)
class Transfer:
    """Transfer of one file; `fetch` may be called again after any failure."""

    hub: HubName
    id: str
    file: RemoteFile
    target: Path
    headers: Mapping[str, str]
    stopping: Event
    models_dir: Path
    """Where a person may put the model by hand."""
    patience: Patience = Patience()
    on_size: Callable[[int], None] | None = None
    """Called with the file size if the hub did not report it."""
    on_trouble: Callable[[str], None] = lambda _reason: None
    """Called with the reason when an attempt failed and another one follows, and with "" once bytes arrive again."""

    @property
    def part(self) -> Path:
        return self.target.with_name(self.target.name + PART_SUFFIX)

    def fetch(self, report: Report = lambda _: None) -> None:
        """Download the file to `target` and verify it.

        Raises:
            Cancelled: `stopping` was set.
            HubRefused: the server refuses it.
            HubUnreachable, TransferBroken: the download failed; downloaded data is kept.
            NoRoomForModel: the disk is full.
        """
        if self._is_here():
            return
        self.target.parent.mkdir(parents=True, exist_ok=True)
        promised = self._fetch_patiently(report)
        if not is_as_announced(self.part, self.file, promised):
            report(-self.part.stat().st_size)
            self.part.unlink()  # resuming with wrong bytes would never succeed
            raise TransferBroken(file=self.file.path, reason=WRONG_BYTES)
        self._validator_file().unlink(missing_ok=True)
        self.part.replace(self.target)

    def _is_here(self) -> bool:
        """Return whether an earlier attempt completed the file; one of an older revision is discarded."""
        if not self.target.is_file():
            return False
        same_size = self.file.size_bytes in (None, self.target.stat().st_size)
        if same_size and is_as_announced(self.target, self.file):
            return True
        self.target.unlink()
        return False

    def _fetch_patiently(self, report: Report) -> str:
        """Retry until the file is complete; return the SHA-256 announced by the server, if any."""
        failures = 0
        while True:
            before = self._arrived()
            try:
                return self._fetch_rest(self._telling_of_the_end(report) if failures else report)
            except (OSError, http.client.HTTPException) as error:
                failures = 1 if self._arrived() > before else failures + 1
                self._give_up_or_wait(error, failures)

    def _telling_of_the_end(self, report: Report) -> Report:
        """Return `report`, which says once, when bytes arrive, that the trouble is over."""
        is_over = False

        def count(arrived: int) -> None:
            nonlocal is_over
            if not is_over:
                is_over = True
                self.on_trouble("")
            report(arrived)

        return count

    def _give_up_or_wait(self, error: OSError | http.client.HTTPException, failures: int) -> None:
        if getattr(error, "errno", None) in NO_ROOM:
            raise no_room(self.target.parent, 1) from error
        if isinstance(error, urllib.error.HTTPError) and error.code in PERMANENT:
            reason = f"HTTP {error.code} {error.reason}"
            raise HubRefused(hub=self.hub.label, id=self.id, reason=reason) from error
        if failures >= self.patience.attempts:
            if self._arrived():
                raise TransferBroken(file=self.file.path, reason=BROKEN) from error
            reason = reason_of(error)
            raise HubUnreachable(hub=self.hub.label, reason=reason, folder=str(self.models_dir)) from error
        self.on_trouble(reason_of(error))
        if self.stopping.wait(self.patience.pause_seconds * 2 ** (failures - 1)):
            raise Cancelled from error

    def _fetch_rest(self, report: Report) -> str:
        begin = self._arrived()
        if begin and begin == self.file.size_bytes:
            return ""
        try:
            with OPENER.open(self._request(begin), timeout=self.patience.silence_seconds) as answer:
                self._remember_validator(answer)
                self._write(answer, begin, report)
                return _promised_sha256(answer)
        except urllib.error.HTTPError as refusal:
            with refusal:
                if refusal.code != NO_SUCH_RANGE:
                    raise
                if begin == _total_in(refusal):  # it was already complete
                    return ""
                self._begin_anew(report)
                raise

    def _request(self, begin: int) -> urllib.request.Request:
        request = urllib.request.Request(self.file.url, headers=dict(self.headers))  # noqa: S310 - http(s) by _Redirects and our own settings
        request.add_header("User-Agent", USER_AGENT)
        request.add_header("Accept-Encoding", "identity")
        if begin:
            request.add_header("Range", f"bytes={begin}-")
            if validator := self._validator():
                request.add_header("If-Range", validator)
        return request

    def _write(self, answer: http.client.HTTPResponse, begin: int, report: Report) -> None:
        """Append the body; a truncated body is an error, or it would pass for the whole."""
        if begin and answer.status != PARTIAL_CONTENT:  # the server ignores the range and sends everything
            report(-begin)
            begin = 0
        total = self.file.size_bytes or _announced_size(answer, begin)
        if self.on_size and total is not None:
            self.on_size(total)
        with self.part.open("r+b" if begin else "wb", buffering=0) as stream:
            stream.seek(begin)
            arrived = self._copy(answer, stream, report)
            os.fsync(stream.fileno())
        if total is not None and begin + arrived > total:
            self._begin_anew(report)
        if total is not None and begin + arrived != total:
            raise http.client.IncompleteRead(b"", total - begin - arrived)

    def _copy(self, answer: http.client.HTTPResponse, stream: Any, report: Report) -> int:
        arrived = 0
        while chunk := answer.read1(CHUNK_BYTES):
            if self.stopping.is_set():
                raise Cancelled
            keep_reserve(self.target.parent, len(chunk))
            rest = memoryview(chunk)
            while rest:  # a nearly full disk may accept only part of it, without an error
                rest = rest[stream.write(rest) :]
            arrived += len(chunk)
            report(len(chunk))
        return arrived

    def _begin_anew(self, report: Report) -> None:
        report(-self._arrived())
        self.part.unlink(missing_ok=True)

    def _arrived(self) -> int:
        try:
            return self.part.stat().st_size
        except FileNotFoundError:
            return 0

    # A file without a checksum may change on the server between attempts: its halves must not be joined.

    def _validator_file(self) -> Path:
        return self.target.with_name(self.target.name + ".etag")

    def _validator(self) -> str:
        file = self._validator_file()
        return file.read_text(encoding="latin-1") if file.is_file() else ""

    def _remember_validator(self, answer: http.client.HTTPResponse) -> None:
        has_checksum = self.file.sha256 or self.file.git_sha1
        etag = answer.headers.get("ETag", "")
        if not has_checksum and etag.startswith('"') and answer.status != PARTIAL_CONTENT:
            self._validator_file().write_text(etag, encoding="latin-1")


def no_room(folder: Path, needed_bytes: int) -> NoRoomForModel:
    status = os.statvfs(folder)
    free_mb = status.f_bavail * status.f_frsize // 2**20
    return NoRoomForModel(needed_mb=max(1, needed_bytes // 2**20), folder=str(folder), free_mb=free_mb)


def _announced_size(answer: http.client.HTTPResponse, begin: int) -> int | None:
    length = answer.headers.get("Content-Length", "")
    return begin + int(length) if length.isdecimal() else None


def _promised_sha256(answer: http.client.HTTPResponse) -> str:
    etag = answer.headers.get("X-Linked-ETag", "").strip('"')
    return etag if is_sha256(etag) else ""


def _total_in(refusal: urllib.error.HTTPError) -> int | None:
    """Return the size in `Content-Range: bytes */SIZE`."""
    total = (refusal.headers.get("Content-Range") or "").rpartition("/")[2]
    return int(total) if total.isdecimal() else None
