"""Backup of everything that cannot be recreated, in one zip, while the server runs; and its restoration.

BACKUP.zip: manifest.json (version, time, size and checksum of each file), a consistent snapshot of data/app.db,
data/*.json (settings, selected model), logs/app.log*, and optionally data/transcriptions/<id>/ with the recordings.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from app import __version__
from app.atomic import appearing_from_nowhere, sync_file, sync_folder, write_atomically
from app.domain.errors.backup import BackupUnusable, DatabaseOnServer, DataInUse, RecordingsInStore
from app.domain.errors.base import N_
from app.domain.errors.setup import DataBeingRestored
from app.free_space import keep_reserve
from app.logging import LOG_NAME
from app.store.files.scratch import scratch, sweep_scratch
from app.store.files.storage_errors import KINDS, storage_errors
from app.store.migration import SCHEMA_VERSION
from app.store.sqlite.database import DATABASE_NAME, alone_in
from app.store.sqlite.exchange import (
    ExchangePlan,
    finish_exchange,
    is_planned,
    plan_exchange,
    present,
)
from app.store.sqlite.snapshot import copy_database, recordings_of, schema_of, verdict_of
from app.support.case.archive import DAMAGE

MANIFEST = "manifest.json"
BACKUP_NAME = "funasr-backup"
LAST_NAME = "last-backup"  # in the data folder: when the last one was made
FORMAT = 1
PIECE_BYTES = 1024 * 1024
ALWAYS_MADE_AGAIN = ("audio.s16", ".part")


@dataclass(frozen=True, slots=True)
class Kept:
    """One file of a backup."""

    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    format: int
    version: str
    """Version of the program that made it."""
    schema: str
    made_at: str
    has_recordings: bool
    files: tuple[Kept, ...]


@dataclass(frozen=True, slots=True)
class Places:
    """The folders of a server."""

    data_dir: Path
    log_dir: Path
    is_on_server: bool = False
    """Whether the database is on a server, which is backed up by means of its own."""
    files_url: str = ""
    """Of the object store that holds the recordings, if one does."""


def back_up(places: Places, file: Path, *, recordings: bool) -> Manifest:
    """Write a backup to `file` atomically; the server may be running.

    Raises:
        DatabaseOnServer: it is not in the data folder.
        DatabaseUnusable: there is no readable database.
        DiskFull: there is no room for it.
    """
    _refuse_server(places)
    if recordings and places.files_url:
        raise RecordingsInStore(place=places.files_url)
    file.parent.mkdir(parents=True, exist_ok=True)
    with (
        storage_errors(file),
        scratch(places.data_dir) as folder,
        appearing_from_nowhere(file) as part,
    ):
        database = folder / DATABASE_NAME
        keep_reserve(folder, _size_of(places.data_dir / DATABASE_NAME))
        copy_database(places.data_dir / DATABASE_NAME, database)
        manifest = _write(places, database, part, recordings=recordings)
        part.chmod(0o600)
    sync_folder(file.parent)
    with storage_errors(places.data_dir):
        write_atomically(places.data_dir / LAST_NAME, manifest.made_at)
    return manifest


@contextmanager
def made_backup(places: Places, *, recordings: bool) -> Iterator[Path]:
    """Yield a backup that is removed at the end of the block.

    Raises:
        DatabaseUnusable, DiskFull: as `back_up`.
    """
    with scratch(places.data_dir) as folder:
        file = folder / f"{BACKUP_NAME}-{datetime.now(UTC):%Y-%m-%d}.zip"
        back_up(places, file, recordings=recordings)
        yield file


def last_backup(data_dir: Path) -> datetime | None:
    """Return when the last backup was made; None if there was none."""
    try:
        return datetime.fromisoformat((data_dir / LAST_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def restore(file: Path, places: Places) -> tuple[Manifest, Path | None]:
    """Restore a backup; existing data is moved aside. Returns the manifest and the folder of the old data.

    Existing recordings stay; those of the backup are added.

    Raises:
        DatabaseOnServer: the backup of a file cannot take its place.
        BackupUnusable: not a backup, damaged, or made by a newer version. Nothing has been changed.
        DataInUse: a server, a worker or another command is using the data folder.
        DiskFull: there is no room for it.
    """
    _refuse_server(places)
    places.data_dir.mkdir(parents=True, exist_ok=True)
    with _alone_in(places.data_dir), storage_errors(places.data_dir):
        if is_planned(places.data_dir):
            finish_exchange(places.data_dir)
        sweep_scratch(places.data_dir)
        with scratch(places.data_dir) as folder:
            manifest = _unpack(file, folder)
            _check_database(file, folder / "data" / DATABASE_NAME)
            _check_recordings(file, manifest, folder / "data" / DATABASE_NAME)
            plan = _plan(places)
            plan_exchange(folder, places.data_dir, plan)
        finish_exchange(places.data_dir)
    return manifest, places.data_dir / plan.aside if plan.aside else None


def _refuse_server(places: Places) -> None:
    if places.is_on_server:
        raise DatabaseOnServer


# Backing up


def _write(places: Places, database: Path, part: Path, *, recordings: bool) -> Manifest:
    kept = []
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in _wanted(places, database, recordings=recordings):
            try:
                keep_reserve(part.parent, path.stat().st_size)
                kept.append(_add(archive, name, path))
            except FileNotFoundError:
                continue  # deleted since the snapshot of the database
        manifest = Manifest(
            FORMAT,
            __version__,
            schema_of(database) or "",
            datetime.now(UTC).isoformat(timespec="seconds"),
            recordings,
            tuple(kept),
        )
        archive.writestr(MANIFEST, json.dumps(asdict(manifest), ensure_ascii=False, indent=2))
    return manifest


def _size_of(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _wanted(places: Places, database: Path, *, recordings: bool) -> Iterator[tuple[str, Path]]:
    yield f"data/{DATABASE_NAME}", database
    for path in sorted(places.data_dir.glob("*.json")):
        yield f"data/{path.name}", path
    for path in sorted(places.log_dir.glob(f"{LOG_NAME}*")):
        yield f"logs/{path.name}", path
    for id in recordings_of(database) if recordings else ():
        folder = places.data_dir / "transcriptions" / id
        for path in sorted(folder.glob("*")):
            if path.is_file() and not path.name.endswith(ALWAYS_MADE_AGAIN):
                yield f"data/transcriptions/{id}/{path.name}", path


def _add(archive: zipfile.ZipFile, name: str, path: Path) -> Kept:
    """Copy one file up to its current length; a log may grow meanwhile."""
    digest, size = hashlib.sha256(), 0
    info = zipfile.ZipInfo.from_file(path, name)
    info.compress_type = zipfile.ZIP_STORED if "/transcriptions/" in name else zipfile.ZIP_DEFLATED
    with path.open("rb") as source, archive.open(info, "w", force_zip64=True) as target:
        while piece := source.read(PIECE_BYTES):
            digest.update(piece)
            size += len(piece)
            target.write(piece)
    return Kept(name, size, digest.hexdigest())


# Restoring


@contextmanager
def _alone_in(data_dir: Path) -> Iterator[None]:
    with ExitStack() as stack:
        try:
            stack.enter_context(alone_in(data_dir))
        except DataBeingRestored as error:
            raise DataInUse(folder=str(data_dir)) from error
        yield


def _unpack(file: Path, folder: Path) -> Manifest:
    """Unpack the files listed in the manifest, verifying each checksum."""
    try:
        with zipfile.ZipFile(file) as archive:
            manifest = _manifest(archive)
            if manifest.format > FORMAT or manifest.schema > SCHEMA_VERSION:
                raise BackupUnusable(file=str(file), reason=N_("a newer version of this program made it"))
            keep_reserve(folder, sum(kept.size_bytes for kept in manifest.files))
            for kept in manifest.files:
                _unpack_one(archive, kept, folder)
    except DAMAGE as error:
        if isinstance(error, OSError) and error.errno in KINDS:  # of the disk, not of the zip
            raise
        raise BackupUnusable(file=str(file), reason=str(error)) from error
    return manifest


def _manifest(archive: zipfile.ZipFile) -> Manifest:
    values = json.loads(archive.read(MANIFEST))
    return Manifest(**values | {"files": tuple(Kept(**kept) for kept in values["files"])})


def _unpack_one(archive: zipfile.ZipFile, kept: Kept, folder: Path) -> None:
    target = (folder / kept.name).resolve()
    if not target.is_relative_to(folder.resolve()) or kept.name.split("/")[0] not in ("data", "logs"):
        raise ValueError(f"{kept.name} leads elsewhere")
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    target.touch(mode=0o600)
    with archive.open(kept.name) as source, target.open("wb") as copy:
        while piece := source.read(PIECE_BYTES):
            digest.update(piece)
            copy.write(piece)
    sync_file(target)
    if digest.hexdigest() != kept.sha256:
        raise ValueError(f"{kept.name} is damaged")


def _check_database(file: Path, database: Path) -> None:
    verdict = verdict_of(database)
    if verdict != "ok":
        raise BackupUnusable(file=str(file), reason=verdict)


def _check_recordings(file: Path, manifest: Manifest, database: Path) -> None:
    """Refuse a set in which a recording that its database knows is missing, although it was to bring them all."""
    brought = {kept.name.split("/")[2] for kept in manifest.files if kept.name.startswith("data/transcriptions/")}
    missing = set(recordings_of(database)) - brought if manifest.has_recordings else set()
    if missing:
        raise BackupUnusable(file=str(file), reason=N_("recordings that its database knows are not in it"))


def _plan(places: Places) -> ExchangePlan:
    moment = f"{datetime.now(UTC):%Y%m%dT%H%M%S}"
    aside = f"before-restore-{moment}" if present(places.data_dir) else ""
    return ExchangePlan(aside, str((places.log_dir / f"restored-{moment}").absolute()))
