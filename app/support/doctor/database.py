"""Checks of the database's schema, and of a database on a server."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.domain.errors.base import N_, AppError
from app.store.migration import SCHEMA_VERSION
from app.support.doctor.check import Check, failure, failure_of, ok, warning

CLOCK_TOLERANCE = timedelta(seconds=5)  # between machines that share a database


def server_checks(data_dir: Path, url: str) -> Iterable[Check]:
    """Check that the server answers, suits, and has the same time."""
    from app.store.postgresql.database import PostgresDatabase  # imports the driver

    try:
        with closing(PostgresDatabase(data_dir, url)) as database:
            schema, facts, clock = database.schema_version(), database.facts(), database.clock()
    except AppError as error:
        yield failure_of("database", error)
        return
    fact = N_("{name} answers: {product} {version}, {size_mb} MB.")
    size_mb = facts.size_bytes // 2**20
    yield ok("database", fact, name=database.name, product=facts.product, version=facts.version, size_mb=size_mb)
    yield schema_check(schema)
    yield clocks_check(datetime.now(UTC), clock)


def schema_check(schema: str | None) -> Check:
    if schema is not None and schema > SCHEMA_VERSION:
        fact = N_("The database has version {found}; this program knows {known}: a newer program made it.")
        advice = N_("Start the newer program, or restore a backup from before the update.")
        return failure("schema", fact, advice, found=schema, known=SCHEMA_VERSION)
    if schema == SCHEMA_VERSION:
        return ok("schema", N_("The database has the newest version, {found}."), found=schema)
    fact = N_("The database has version {found}; the next start brings it to {known}.")
    return ok("schema", fact, found=schema or "-", known=SCHEMA_VERSION)


def clocks_check(here: datetime, there: datetime) -> Check:
    """Return the check that this machine and the database server have the same time."""
    seconds = round(abs((here - there).total_seconds()))
    if seconds <= CLOCK_TOLERANCE.total_seconds():
        return ok("database_clock", N_("This machine and the database server have the same time."))
    return warning(
        "database_clock",
        N_("The clocks of this machine and of the database server differ by {seconds} seconds."),
        N_("Let both set their clocks by the network (timedatectl set-ntp true); leases and the history follow them."),
        seconds=seconds,
    )
