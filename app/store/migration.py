"""Migrates the schema of an open database to the newest version."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection

FOLDER = Path(__file__).parent / "migrations"
SCHEMA_VERSION = max(file.name[:4] for file in (FOLDER / "versions").glob("[0-9]*.py"))
"""The newest migration, repeated here so that a start with a current schema need not import alembic."""


class SchemaUnknown(Exception):
    """A newer version of the program has migrated the database."""


def upgrade(connection: Connection) -> None:
    """Apply the missing migrations, within the caller's transaction.

    Raises:
        SchemaUnknown
    """
    from alembic import command
    from alembic.config import Config
    from alembic.util.exc import CommandError

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))  # % is special there
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:  # alembic does not know the version in the database
        raise SchemaUnknown from error
