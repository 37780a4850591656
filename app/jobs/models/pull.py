"""One download of a model, from asking the hub to the finished folder; running it again goes on where it stopped."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

from app.engine.registry import identify
from app.errors import AppError
from app.hubs import Hub, HubName, Listing, RemoteFile
from app.hubs.checksums import write_checksums
from app.hubs.transfer import Cancelled, Patience, Report, Transfer, no_room
from app.hubs.unpack import unpack
from app.jobs.models.place import Phase, PullPlace, PullState

ROOM_TO_SPARE_BYTES = 200 * 2**20  # for the database and the recordings
UNPACKED_SHARE = 1.5  # weights hardly shrink when they are packed; a margin for what does
USUAL_PATIENCE = Patience()


class Pull:
    """Brings one model; running it again goes on where it stopped."""

    def __init__(
        self,
        place: PullPlace,
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
        self._state = PullState(hub_name.value, id)

    def run(self, report: Report = lambda _: None) -> None:
        """Download, verify and put in place.

        Raises:
            Cancelled: `stopping` was set, or another process asked for it.
            ModelBusy: somebody else downloads it.
            ModelError: the hub, the way or the model itself is wrong; the state on the disk says so, too.
        """
        with self._place.held():
            self._place.forget_stop()
            earlier = self._place.read()
            if earlier is None or (earlier.hub, earlier.id) != (self._hub_name.value, self._id):
                shutil.rmtree(self._place.files, ignore_errors=True)  # the halves of two sources do not fit
            self._note()
            try:
                self._bring(report)
            except AppError as error:
                self._note(problem=error.problem.to_dict())
                raise

    def _bring(self, report: Report) -> None:
        listing = self._hub.listing(self._id)
        self._check_room(listing)
        self._note(phase=Phase.DOWNLOADING, total_bytes=listing.size_bytes)
        self._fetch(listing, report)
        if listing.is_archive:
            self._note(phase=Phase.UNPACKING)
            self._unpack(self._place.files / listing.files[0].path)
        self._note(phase=Phase.VERIFYING)
        identify(self._place.files)
        write_checksums(self._place.files)
        self._put_in_place()

    def _check_room(self, listing: Listing) -> None:
        needed = (listing.size_bytes or 0) - self._place.arrived_bytes() + ROOM_TO_SPARE_BYTES
        if shutil.disk_usage(self._place.models_dir).free < needed:
            raise no_room(self._place.models_dir, needed)

    def _fetch(self, listing: Listing, report: Report) -> None:
        self._drop_all_but({file.path for file in listing.files})
        already = self._place.arrived_bytes()
        report(already)

        def count(arrived: int) -> None:
            report(arrived)
            if self._place.is_asked_to_stop():
                self._stopping.set()

        for file in listing.files:
            if self._stopping.is_set():
                raise Cancelled
            self._transfer(file, listing).fetch(count)

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
        )

    def _drop_all_but(self, wanted: set[str]) -> None:
        """Remove files that an older revision had, or the remains of an unpacking."""
        for path in self._place.files.rglob("*"):
            name = path.relative_to(self._place.files).as_posix()
            if path.is_file() and name.removesuffix(".etag").removesuffix(".partial") not in wanted:
                path.unlink()

    def _unpack(self, archive: Path) -> None:
        needed = int(archive.stat().st_size * UNPACKED_SHARE)
        if shutil.disk_usage(self._place.models_dir).free < needed:
            raise no_room(self._place.models_dir, needed)
        unpacked = self._place.part / "unpacked"
        shutil.rmtree(unpacked, ignore_errors=True)
        unpacked.mkdir()
        try:
            unpack(archive, unpacked, self._stopping)
        except AppError:
            archive.unlink(missing_ok=True)  # it would fail in the same way for ever
            raise
        shutil.rmtree(self._place.files)
        unpacked.rename(self._place.files)

    def _put_in_place(self) -> None:
        """Let the finished folder appear at once, in place of a damaged one that may be there."""
        if self._place.target.exists():
            self._place.target.rename(self._place.part / "old")
        _sync(self._place.files)
        self._place.files.rename(self._place.target)
        _sync(self._place.models_dir)
        shutil.rmtree(self._place.part, ignore_errors=True)

    def _note_total(self, total_bytes: int) -> None:
        self._note(total_bytes=total_bytes)

    def _note(self, **changes: Any) -> None:
        self._state = replace(self._state, **changes)
        self._place.write(self._state)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
