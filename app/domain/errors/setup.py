"""What keeps the server from starting or working."""

from __future__ import annotations

from app.domain.errors.base import N_, AppError


class SetupError(AppError):
    pass


class PortTaken(SetupError):
    code = "port_taken"
    message = N_("The address {host}:{port} is already in use by {detail}.")
    advice = N_("Stop the other program, or choose another port: --port {other}.")


class FunasrPortTaken(PortTaken):
    code = "funasr_port_taken"
    advice = N_("Stop the other program, or choose another port: --funasr-port {other}.")


class NoObjectStore(SetupError):
    code = "no_object_store"
    message = N_("FUNASR_FILES_URL names no object store.")
    advice = N_("Set it to a bucket, for example s3://recordings/funasr, and the AWS_* variables to its keys.")


class PasswordFileUnusable(SetupError):
    code = "password_file_unusable"
    message = N_("The administrator's password cannot be read from {file}: {reason}")
    advice = N_(
        "FUNASR_ADMIN_PASSWORD_FILE names a text file that holds the password alone; without it a link sets one."
    )


class CertificateUnusable(SetupError):
    code = "certificate_unusable"
    message = N_("The certificate {file} cannot be used: {reason}")
    advice = N_(
        "Give --ssl-certfile a PEM file with the certificate, and --ssl-keyfile its private key without a password."
    )


class RootPathTaken(SetupError):
    code = "root_path_taken"
    message = N_("The program cannot be served under {path}: pages of its own begin with that name.")
    advice = N_("Choose another path in the proxy and for --root-path, for example /asr.")


class AddressUnusable(SetupError):
    code = "address_unusable"
    message = N_("The address {host}:{port} cannot be used: {reason}")
    advice = N_("Use 127.0.0.1 for this machine alone or 0.0.0.0 for the network, and a port above 1023.")


class FolderUnwritable(SetupError):
    code = "folder_unwritable"
    status = 503
    message = N_("The folder {folder} cannot be written: {reason}")
    advice = N_(
        "Give this user the right to write there, or choose another folder: --data-dir, --log-dir or --output, and "
        "FUNASR_MODELS_DIR for downloaded models."
    )


class FolderReadOnly(SetupError):
    code = "folder_read_only"
    status = 503
    message = N_("The file system of {folder} is read-only.")
    advice = N_(
        "Mount it for writing. Where it was writable before, the system may have found errors on the disk: its own log tells."
    )


class FolderMissing(SetupError):
    code = "folder_missing"
    status = 503
    message = N_("The folder {folder}, or something in it, is not there: {reason}")
    advice = N_("Make it, bring it back, or mount its disk; then try again.")


class PackageMissing(SetupError):
    code = "package_missing"
    status = 503
    message = N_("{wanted} needs the Python package {package}, which is not installed.")
    advice = N_(
        "Install it where the program is installed: pip install 'funasr-webui[{extra}]'; in a checkout: .venv/bin/python -m pip install -r requirements/{extra}.txt."
    )


class NameTooLong(SetupError):
    code = "name_too_long"
    status = 422
    message = N_("A name is longer than the file system of {folder} allows.")
    advice = N_("Give the recording a shorter name, or choose another folder.")


class TooManyOpenFiles(SetupError):
    code = "too_many_open_files"
    status = 503
    message = N_("The program may not open more files at the same time ({folder}).")
    advice = N_(
        "Try again when less is going on, or raise the limit of open files (`ulimit -n`) and start the server again."
    )


class StorageBroken(SetupError):
    code = "storage_broken"
    status = 503
    message = N_("The disk of {folder} could not be read or written: {reason}")
    advice = N_("Copy the data elsewhere and check the disk; the log of the system tells more.")


class DataBeingRestored(SetupError):
    code = "data_being_restored"
    status = 503
    message = N_("A backup is being put in place in {folder}.")
    advice = N_("Wait until that has ended, then start again.")


class DatabaseUnusable(SetupError):
    code = "database_unusable"
    status = 503
    message = N_("The database {file} cannot be used: {reason}")
    advice = N_("Try again. If it stays like this, `python -m app doctor` tells more.")


class DatabaseLocked(DatabaseUnusable):
    code = "database_locked"
    message = N_("Another program holds the database {file}.")
    advice = N_(
        "Try again in a moment. If it stays like this, end the program that has the file open; nothing is lost."
    )


class DatabaseDamaged(DatabaseUnusable):
    code = "database_damaged"
    message = N_("The database {file} is damaged: {reason}")
    advice = N_(
        "Restore it from a backup. Or move it away to start with an empty one; `python -m app recover` then brings the recordings back."
    )


class DatabaseNotOpened(DatabaseUnusable):
    code = "database_not_opened"
    message = N_("The database {file} cannot be opened or written: {reason}")
    advice = N_("Check that this user may write the file and its folder, and that the disk is there and not read-only.")


class DatabaseNewer(DatabaseUnusable):
    code = "database_newer"
    message = N_("A newer version of this program made the database {file}.")
    advice = N_("Start that version again, or restore a backup that this one has made.")


class DatabaseReplaced(DatabaseUnusable):
    code = "database_replaced"
    message = N_(
        "The database {file} was moved away or replaced while the program was running; nothing more is taken in."
    )
    advice = N_("Put the file back where it was, or restart the program if the other file is the right one.")


class DatabasePartRemoved(DatabaseUnusable):
    code = "database_part_removed"
    message = N_(
        "{file}, a part of the database, was removed or replaced while the program was running; nothing more is taken in."
    )
    advice = N_("Restart the program. Remove no file whose name begins with app.db while it runs.")


class DatabaseUrlInvalid(DatabaseUnusable):
    code = "database_url_invalid"
    message = N_("FUNASR_DATABASE_URL names no database: {reason}")
    advice = N_("Write postgresql://USER:PASSWORD@HOST:PORT/NAME; leave it empty for the file in the data folder.")


class DatabaseUnreachable(DatabaseUnusable):
    code = "database_unreachable"
    message = N_("The database server of {file} cannot be reached: {reason}")
    advice = N_(
        "Check that PostgreSQL runs there and that FUNASR_DATABASE_URL names its host and port; work goes on by itself "
        "as soon as it answers."
    )


class DatabaseRefused(DatabaseUnusable):
    code = "database_refused"
    message = N_("The database server of {file} refuses: {reason}")
    advice = N_(
        "Check user, password and name in FUNASR_DATABASE_URL. The database must exist and belong to that user."
    )


class DatabaseReadOnly(DatabaseUnusable):
    code = "database_read_only"
    message = N_("The database {file} can only be read: {reason}")
    advice = N_("A standby server takes no changes: name the primary one in FUNASR_DATABASE_URL.")


class DatabaseServerFull(DatabaseUnusable):
    code = "database_server_full"
    message = N_("The database server of {file} has no room left: {reason}")
    advice = N_("Free some space on its disk or in its memory; work goes on by itself then.")


class DatabaseUnsuited(DatabaseUnusable):
    code = "database_unsuited"
    message = N_("The database {file} cannot hold the texts: {reason}")
    advice = N_(
        "Make a database of its own on PostgreSQL 13 or newer: createdb --encoding=UTF8 --template=template0 NAME"
    )


class TargetNotEmpty(SetupError):
    code = "target_not_empty"
    status = 409
    message = N_("The database {file} already holds something else.")
    advice = N_("Name an empty database: createdb --encoding=UTF8 --template=template0 NAME")


class TransferDiffers(SetupError):
    code = "transfer_differs"
    message = N_("What arrived in table {table} of {file} differs from what was sent.")
    advice = N_("Make another, empty database and carry everything over again; the old database is unchanged.")


class NotReady(SetupError):
    code = "not_ready"
    status = 503
    message = N_("The server is not ready: {reasons}")
    advice = N_("Ask again in a moment. If it stays like this, `python -m app doctor` tells more.")
