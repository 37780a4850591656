"""Connections that wait no longer than the server works.

TCP notices a line that lets nothing through, but not one on which something in between, a proxy or a firewall, goes on
to confirm what it does not pass on. A query that is silent for long is therefore asked for by another connection: it is
waited for as long as the server is busy with it, however long that takes.
"""

from __future__ import annotations

import time
from typing import Any

import psycopg
from psycopg.abc import PQGen

SILENT_SECONDS = 25.0  # before somebody asks
ANSWER_SECONDS = 5.0  # for who asks
_IS_BUSY = """
    SELECT EXISTS (
        SELECT FROM pg_stat_activity
        WHERE pid = %s AND state = 'active' AND wait_event_type IS DISTINCT FROM 'Client'
    )
"""
"""A session whose answer does not get through is idle, or waits for its client."""


class ImpatientConnection(psycopg.Connection[Any]):
    """Raises an OperationalError, and is closed, once nothing has come from the server for `silent_seconds`."""

    silent_seconds = ANSWER_SECONDS

    def wait(self, gen: PQGen[Any], *arguments: Any, **options: Any) -> Any:
        """Consume a generator; see psycopg.Connection.wait."""
        return super().wait(self._watched(gen), *arguments, **options)

    def is_worth_waiting(self) -> bool:
        return False

    def _watched(self, gen: PQGen[Any]) -> PQGen[Any]:
        try:
            wanted = next(gen)
            heard_at = time.monotonic()
            while True:
                ready = yield wanted
                wanted = gen.send(ready)
                if ready:
                    heard_at = time.monotonic()
                elif time.monotonic() - heard_at > self.silent_seconds:
                    self._check()
                    heard_at = time.monotonic()
        except StopIteration as end:
            return end.value

    def _check(self) -> None:
        if not self.is_worth_waiting():
            self.pgconn.finish()
            raise psycopg.OperationalError(f"no answer within {self.silent_seconds:.0f} s")


class PatientConnection(ImpatientConnection):
    """Waits longer where the server says that it is busy with the query."""

    silent_seconds = SILENT_SECONDS
    opening: dict[str, Any]
    """How it was opened."""
    server_pid: int | None = None
    """As the server says: a pooler in between has numbers of its own."""

    @classmethod
    def connect(cls, conninfo: str = "", *, autocommit: bool = False, **options: Any) -> PatientConnection:
        """Open a connection; see psycopg.Connection.connect."""
        connection = super().connect(conninfo, autocommit=True, **options)
        connection.opening = {"conninfo": conninfo, **options}
        [connection.server_pid] = connection.execute("SELECT pg_backend_pid()").fetchone()  # type: ignore[misc]
        connection.autocommit = autocommit
        return connection

    def is_worth_waiting(self) -> bool:
        if self.server_pid is None:
            return False
        try:
            with ImpatientConnection.connect(**self.opening, autocommit=True) as another:
                return another.execute(_IS_BUSY, [self.server_pid]).fetchone() == (True,)
        except psycopg.Error:
            return False
