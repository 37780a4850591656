"""Backups."""

from __future__ import annotations

from app.domain.errors.base import N_, AppError


class BackupError(AppError):
    pass


class BackupUnusable(BackupError):
    code = "backup_unusable"
    status = 422
    message = N_("The backup {file} cannot be restored: {reason}")
    advice = N_("Nothing has been changed. Take another backup, or update the program if a newer one made it.")


class DataInUse(BackupError):
    code = "data_in_use"
    status = 409
    message = N_("A server or worker is at work in {folder}.")
    advice = N_("Stop it, then restore; nothing has been changed.")


class RecordingsInStore(BackupError):
    code = "recordings_in_store"
    status = 409
    message = N_("The recordings are in the object store {place}, which this backup does not reach.")
    advice = N_(
        "Back them up by means of the store, for example versions or a copy of the bucket, and make this backup without them."
    )


class DatabaseOnServer(BackupError):
    code = "database_on_server"
    status = 409
    message = N_("The database is on a PostgreSQL server, which this backup does not reach.")
    advice = N_(
        "Back it up by means of the server, for example pg_dump, and copy the data folder: the recordings are there."
    )
