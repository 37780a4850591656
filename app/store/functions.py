"""SQL functions that go by different names in SQLite and PostgreSQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Integer
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction


class instr(GenericFunction[int]):  # noqa: N801 - the name of SQLite's function, which this one is
    """Where a text occurs in another; 0 where it does not."""

    type = Integer()
    inherit_cache = True


@compiles(instr, "postgresql")
def _strpos(element: instr, compiler: Any, **options: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **options)})"


def overwrite_deleted(connection: Connection) -> None:
    """Let SQLite overwrite what the transaction deletes. PostgreSQL frees it for others when it next vacuums."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete = ON")
