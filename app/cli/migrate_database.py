"""`python -m app migrate-database SOURCE TARGET`: carry everything of an SQLite database over to PostgreSQL."""

from __future__ import annotations

from pathlib import Path

from app.domain.errors.base import N_
from app.domain.errors.requests import InvalidParameter
from app.settings import Settings
from app.store.sqlite.database import DATABASE_NAME
from app.store.transfer import transfer

SCHEME = "sqlite:///"


def migrate_database(settings: Settings, source: str, target: str | None) -> int:
    """Copy the database and compare the copy; no server may run. After a break the same command goes on.

    Raises:
        InvalidParameter: there is no such source, or no target.
        DataBeingRestored: a server or a worker uses the source.
        TargetNotEmpty, TransferDiffers, DatabaseUnusable
    """
    url = target or settings.database_url.get_secret_value()
    if not url:
        raise InvalidParameter(name="TARGET", reason=N_("name a PostgreSQL database"))
    transfer(_folder(source), url, lambda table, rows: print(f"{table}: {rows} rows", flush=True))
    print(
        "Everything has arrived, compared row by row. Start the server with FUNASR_DATABASE_URL set to the new database."
    )
    print(
        "The recordings stay in the data folder, which the server needs as before. Keep the old app.db until you are content."
    )
    return 0


def _folder(source: str) -> Path:
    """Return the data folder of the source, which is named by a URL, its file or the folder itself."""
    path = Path(source.removeprefix(SCHEME))
    folder = path.parent if path.name == DATABASE_NAME else path
    if not (folder / DATABASE_NAME).is_file():
        raise InvalidParameter(name="SOURCE", reason=N_("there is no app.db"))
    return folder
