"""Checks of storage: writable folders, disk space, and the database."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from app.domain.errors.base import N_
from app.store.files.recordings import ORPHANS_FOLDER
from app.store.sqlite.database import DATABASE_NAME
from app.store.sqlite.snapshot import schema_of, verdict_of
from app.support.doctor.check import Check, Status, Subject, failure, note, ok, warning
from app.support.doctor.database import schema_check, server_checks

LITTLE_DISK_MB = 2048  # an hour of 16 kHz audio and its upload fit several times
NO_DISK_MB = 200


def folders(subject: Subject) -> Iterable[Check]:
    for name, folder in (("data", subject.data_dir), ("log", subject.log_dir)):
        yield _writable(f"{name}_folder", folder, N_("or choose another folder (--data-dir, --log-dir)"))


def temp_folder(_subject: Subject) -> Iterable[Check]:
    """Check for a temporary folder; Python finds none if no candidate is writable."""
    try:
        folder = Path(tempfile.gettempdir())
    except FileNotFoundError as error:
        yield failure(
            "temp_folder",
            N_("There is no folder for temporary files: {reason}"),
            N_("Make one that this user may write to and name it with the variable TMPDIR before the start."),
            reason=error.strerror or str(error),
        )
        return
    check = _writable("temp_folder", folder, N_("or name another with the variable TMPDIR before the start"))
    named = os.environ.get("TMPDIR")
    if check.status is Status.OK and named and (reason := why_unwritable(Path(named))):
        yield warning(
            "temp_folder",
            N_("TMPDIR names {named}, which cannot be written ({reason}); {folder} takes its place."),
            N_("Make that folder, or name another with the variable TMPDIR before the start."),
            named=named,
            reason=reason,
            folder=folder,
        )
    else:
        yield check


def disk(subject: Subject) -> Iterable[Check]:
    yield disk_check(subject.data_dir)


def disk_check(folder: Path) -> Check:
    usage = shutil.disk_usage(_existing(folder))
    if not usage.total:  # some network file systems do not report it
        return note("disk", N_("The file system of {folder} does not say what is free."), folder=folder)
    return room(usage.free // 2**20)


def room(free_mb: int) -> Check:
    """Return the check for this much free space."""
    fact = N_("{free_mb} MB are free for recordings.")
    advice = N_("Free some space, empty the trash, or move the data with --data-dir.")
    if free_mb < NO_DISK_MB:
        little = N_("Less than {limit_mb} MB are free for recordings.")
        return failure("disk", little, advice, limit_mb=NO_DISK_MB)
    if free_mb < LITTLE_DISK_MB:
        return warning("disk", fact, advice, free_mb=free_mb)
    return ok("disk", fact, free_mb=free_mb)


def database(subject: Subject) -> Iterable[Check]:
    """Check that the database is intact and of this program's version."""
    if subject.database_url:
        yield from server_checks(subject.data_dir, subject.database_url)
        return
    file = subject.data_dir / DATABASE_NAME
    if not file.exists():
        yield ok("database", N_("There is no database yet; the first start makes it."))
        return
    advice = N_(
        "Stop the server and restore {file} from a backup. Or move it away to start with an empty one; `python -m app recover` then brings the recordings back."
    )
    verdict = verdict_of(file)
    if verdict != "ok":
        yield failure("database", N_("{file} is damaged: {reason}"), advice, file=file, reason=verdict)
        return
    yield ok("database", N_("{file} is whole."), file=file)
    yield schema_check(schema_of(file))


def orphans(subject: Subject) -> Iterable[Check]:
    """Check for recordings whose rows are gone."""
    folder = subject.data_dir / ORPHANS_FOLDER
    count = sum(1 for _ in folder.iterdir()) if folder.is_dir() else 0
    if not count:
        yield ok("orphans", N_("Every recording has its entry."))
        return
    yield warning(
        "orphans",
        N_("{count} recordings in {folder} have no entry: the database was restored or moved away."),
        N_("`python -m app recover` brings them back, to be read anew. Remove from that folder what you do not want."),
        count=count,
        folder=folder,
    )


def _writable(id: str, folder: Path, otherwise: str) -> Check:
    reason = why_unwritable(_existing(folder))
    if not reason:
        return ok(id, N_("{folder} can be written."), folder=folder)
    return failure(
        id,
        N_("{folder} cannot be written: {reason}"),
        N_("Give this user the right to write to {folder} and see that its disk is not full, {detail}."),
        folder=folder,
        reason=reason,
        detail=otherwise,
    )


def why_unwritable(folder: Path) -> str:
    """Return why a folder is not writable; empty if it is."""
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"x")
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _existing(folder: Path) -> Path:
    """Return the folder, or its nearest existing parent."""
    absolute = folder.absolute()
    places = (absolute, *absolute.parents)
    return next(place for place in places if os.path.exists(place))  # noqa: PTH110 - Path.exists raises without permission
