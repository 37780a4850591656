"""One model download, from querying the hub to the finished folder; it resumes where it stopped."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

from app.atomic import sync_folder
from app.domain.errors.base import AppError
from app.domain.errors.models import NoRoomForModel
from app.engine.catalog.registry import identify
from app.free_space import has_room
from app.hubs import Hub, HubName, Listing, RemoteFile
from app.hubs.checksums import write_checksums
from app.hubs.package_index import WHEELS, PipDownload, assemble, wheel_of
from app.hubs.packed import PackedModel
from app.hubs.transfer import Cancelled, Patience, Report, Transfer, no_room
from app.hubs.unpack import unpack
from app.services.models.download_folder import DownloadFolder, DownloadState, Phase

UNPACKED_SHARE = 1.5  # weights hardly compress; a margin for what does
USUAL_PATIENCE = Patience()


class ModelDownload:
    """Downloads one model; running it again resumes where it stopped."""

    def __init__(
        self,
        place: DownloadFolder,
        hub_name: HubName,
        hub: Hub,
        id: str,
        stopping: Event,
        patience: Patience = USUAL_PATIENCE,
    ) -> None:
        self._place = place
        self._hub_name = hub_name
        self._hub = hub
        self._id = id
        self._stopping = stopping
        self._patience = patience
        self._state = DownloadState(hub_name.value, id)

    def run(self, report: Report = lambda _: None) -> None:
        """Download, verify and install the model.

        Raises:
            Cancelled: `stopping` was set, or another process requested it.
            ModelBusy: it is already being downloaded.
            ModelError: the hub, the network or the model failed; also recorded on disk.
        """
        with self._place.held():
            self._place.forget_stop()
            earlier = self._place.read()
            if earlier is None or (earlier.hub, earlier.id) != (self._hub_name.value, self._id):
                shutil.rmtree(self._place.files, ignore_errors=True)  # partial files of two sources do not fit together
            self._update()
            try:
                self._download(report)
            except AppError as error:
                self._update(problem=error.problem.to_dict())
                raise

    def _download(self, report: Report) -> None:
        listing = self._hub.listing(self._id)
        self._check_room(listing)
        self._update(phase=Phase.DOWNLOADING, total_bytes=listing.size_bytes)
        if listing.packed:
            self._fetch_wheels(listing.packed, report)
            self._update(phase=Phase.UNPACKING)
            self._assemble(listing.packed)
        else:
            self._fetch(listing, report)
        if listing.is_archive:
            self._update(phase=Phase.UNPACKING)
            self._unpack(self._place.files / listing.files[0].path)
        self._update(phase=Phase.VERIFYING, trouble="")
        identify(self._place.files)
        write_checksums(self._place.files)
        self._put_in_place()

    def _check_room(self, listing: Listing) -> None:
        needed = (listing.size_bytes or 0) - self._place.arrived_bytes()
        if not has_room(self._place.models_dir, needed):
            raise no_room(self._place.models_dir, needed)

    def _fetch(self, listing: Listing, report: Report) -> None:
        self._drop_all_but({file.path for file in listing.files})
        report(self._place.arrived_bytes())
        for file in listing.files:
            self._check_stopped()
            self._transfer(file, listing).fetch(self._counting(report))

    def _fetch_wheels(self, packed: PackedModel, report: Report) -> None:
        """Download the wheels with pip, one after the other; complete ones are not fetched again."""
        wheels = self._place.files / WHEELS
        here = [wheel_of(package, wheels) for package in packed.packages]
        self._drop_all_but({f"{WHEELS}/{wheel.name}" for wheel in here if wheel})
        for package in packed.packages:
            self._check_stopped()
            PipDownload(package, wheels, self._stopping, self._place.models_dir).fetch(self._counting(report))

    def _counting(self, report: Report) -> Report:
        def count(arrived: int) -> None:
            report(arrived)
            if self._place.is_asked_to_stop():
                self._stopping.set()

        return count

    def _check_stopped(self) -> None:
        if self._stopping.is_set():
            raise Cancelled

    def _transfer(self, file: RemoteFile, listing: Listing) -> Transfer:
        return Transfer(
            self._hub_name,
            self._id,
            file,
            self._place.files / file.path,
            listing.headers,
            self._stopping,
            self._place.models_dir,
            self._patience,
            self._note_total if listing.is_archive else None,
            self._note_trouble,
        )

    def _drop_all_but(self, wanted: set[str]) -> None:
        """Remove files of an older revision and leftovers of unpacking."""
        for path in self._place.files.rglob("*"):
            name = path.relative_to(self._place.files).as_posix()
            if path.is_file() and name.removesuffix(".etag").removesuffix(".partial") not in wanted:
                path.unlink()

    def _unpack(self, archive: Path) -> None:
        with self._unpacking(int(archive.stat().st_size * UNPACKED_SHARE)) as unpacked:
            unpack(archive, unpacked, self._stopping)

    def _assemble(self, packed: PackedModel) -> None:
        with self._unpacking(packed.size_bytes) as unpacked:
            assemble(packed, self._place.files / WHEELS, unpacked, self._stopping)

    @contextmanager
    def _unpacking(self, needed: int) -> Iterator[Path]:
        """Yield a folder that replaces what was fetched; if filling it fails, what was fetched is discarded."""
        if not has_room(self._place.models_dir, needed):
            raise no_room(self._place.models_dir, needed)
        unpacked = self._place.part / "unpacked"
        shutil.rmtree(unpacked, ignore_errors=True)
        unpacked.mkdir()
        try:
            yield unpacked
        except NoRoomForModel:
            raise
        except AppError:
            shutil.rmtree(self._place.files)  # it would fail the same way forever
            raise
        shutil.rmtree(self._place.files)
        unpacked.rename(self._place.files)

    def _put_in_place(self) -> None:
        """Move the finished folder into place atomically, replacing a damaged one if present."""
        if self._place.target.exists():
            self._place.target.rename(self._place.part / "old")
        sync_folder(self._place.files)
        self._place.files.rename(self._place.target)
        sync_folder(self._place.models_dir)
        shutil.rmtree(self._place.part, ignore_errors=True)

    def _note_total(self, total_bytes: int) -> None:
        self._update(total_bytes=total_bytes)

    def _note_trouble(self, reason: str) -> None:
        self._update(trouble=reason)

    def _update(self, **changes: Any) -> None:
        self._state = replace(self._state, **changes)
        self._place.write(self._state)
