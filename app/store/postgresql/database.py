"""A database on a PostgreSQL server, which any number of machines may share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg.adapt import Loader
from sqlalchemy import URL, Connection, Engine, Integer, create_engine, event, func, make_url, select
from sqlalchemy.exc import ArgumentError, DBAPIError

from app.domain.errors.base import N_
from app.domain.errors.setup import DatabaseNewer, DatabaseUnsuited, DatabaseUrlInvalid
from app.store.facts import DatabaseFacts
from app.store.migration import SCHEMA_VERSION, SchemaUnknown, upgrade
from app.store.postgresql import schema
from app.store.postgresql.errors import database_error
from app.store.postgresql.listener import Listener
from app.store.postgresql.patience import PatientConnection
from app.store.postgresql.worker_locks import SessionLocks
from app.store.value_errors import value_errors

OLDEST = 13  # major version of PostgreSQL
WRITING = 0x46756E41  # key of the advisory lock that writers take, in PostgreSQL's space of 64-bit keys
TASKS = 0x46756E54  # first half of the keys of locks for what one process does for all
CONNECT_SECONDS = 5
_TAKE_TURN = f"""
    SELECT pg_advisory_xact_lock({WRITING}), set_config('idle_in_transaction_session_timeout', '60s', true)
"""
"""Nobody holds the lock for longer than that without doing anything."""
_POOL = {"pool_size": 5, "max_overflow": 15, "pool_timeout": 60}  # the web uses up to 40 threads; the server has 100
_SESSION = {
    "timezone": "UTC",
    "jit": "off",  # compiling a query takes longer than most of ours
    "max_parallel_workers_per_gather": "0",  # and so does starting processes for it
    "random_page_cost": "1.1",  # of a solid-state disk, or of memory: walks along an index instead of whole tables
    "work_mem": "32MB",  # the places of a word that a million texts have
    "tcp_keepalives_idle": "10",  # a machine that vanished does not keep its worker alive
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "25000",  # milliseconds; keepalives are not sent while an answer is on its way to nowhere
}


class PostgresDatabase:
    """Transactions on the database at `url`; see `app.store.database.Database`."""

    def __init__(self, folder: Path, url: str, busy_seconds: float = 10.0) -> None:
        self.folder = folder
        self._url = _checked(url)
        self._listener: Listener | None = None
        self._options = _options(busy_seconds)
        self._engine = _engine(self._url, self._options)
        self._reader = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._unbound = self._engine.execution_options(isolation_level="AUTOCOMMIT")

    @property
    def name(self) -> str:
        return self._url.set(drivername="postgresql", password=None, query={}).render_as_string()

    @property
    def worker_locks(self) -> SessionLocks:
        return SessionLocks(self.session, self.reading)

    @property
    def told_revision(self) -> int | None:
        return self._listener.revision if self._listener else None

    @contextmanager
    def listening(self, queued: Callable[[], None]) -> Iterator[None]:
        """Call `queued` during the block when another process may have queued a job, and know the revision."""
        self._listener = Listener(self.session, queued)
        with self._listener.running():
            yield

    @contextmanager
    def alone_with(self, task: str) -> Iterator[bool]:
        """Lock the task for a connection, outside transactions: one of an hour would keep VACUUM from its work."""
        key = (TASKS, func.hashtext(task))
        with self._explained(), self._unbound.connect() as connection:
            is_alone = bool(connection.scalar(select(func.pg_try_advisory_lock(*key))))
            try:
                yield is_alone
            finally:
                if is_alone:
                    connection.execute(select(func.pg_advisory_unlock(*key)))

    def facts(self) -> DatabaseFacts:
        query = "SELECT current_setting('server_version'), pg_database_size(current_database())"
        with self.reading() as connection:
            version, size = connection.exec_driver_sql(query).one()
        return DatabaseFacts("PostgreSQL", version, size)

    def schema_version(self) -> str | None:
        """Return the newest applied migration; None if there are no tables yet.

        Raises:
            DatabaseUnusable: the server cannot be reached, or does not suit.
        """
        with self.reading() as connection:
            self._check_server(connection)
            return schema.version_of(connection)

    def clock(self) -> datetime:
        """Return the server's time."""
        with self.reading() as connection:
            told: datetime = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
        return told

    def session(self) -> psycopg.Connection[Any]:
        """Open a connection that is not of the pool, without transactions.

        Raises:
            DatabaseUnusable: the server cannot be reached.
        """
        arguments, options = self._engine.dialect.create_connect_args(self._url)
        with self._explained():
            return PatientConnection.connect(*arguments, **{**options, **self._options}, autocommit=True)

    def migrate(self) -> None:
        """Make the schema in an empty database, or migrate it.

        Raises:
            DatabaseUnusable: it cannot be reached or used, or a newer version of the program made it.
        """
        self.make_schema()
        with self.reading() as connection:
            if schema.is_unfinished(connection):
                raise DatabaseUnsuited(file=self.name, reason=N_("`migrate-database` has not finished filling it"))

    def make_schema(self) -> None:
        """Make or migrate the schema, also while the database is being filled."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with suppress(OSError):
            self.folder.chmod(0o700)
        if self.schema_version() == SCHEMA_VERSION:
            return
        with self.writing() as connection:
            if schema.version_of(connection) is None:  # another process may have been first
                schema.create(connection)
            try:
                upgrade(connection)
            except SchemaUnknown as error:
                raise DatabaseNewer(file=self.name) from error

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A read transaction with a consistent snapshot."""
        with self._explained(), self._reader.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A write transaction. Writers take one lock, so that revisions become visible in their order."""
        with self._explained(), self._engine.begin() as connection:
            connection.exec_driver_sql(_TAKE_TURN)
            yield connection

    def close(self) -> None:
        self._engine.dispose()

    def _check_server(self, connection: Connection) -> None:
        encoding = connection.exec_driver_sql("SHOW server_encoding").scalar()
        if encoding != "UTF8":
            raise DatabaseUnsuited(file=self.name, reason=N_("its encoding is not UTF8"))
        version = int(connection.exec_driver_sql("SHOW server_version_num").scalar() or 0) // 10_000
        if version < OLDEST:
            raise DatabaseUnsuited(file=self.name, reason=N_("its version is too old"))

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            with value_errors():
                yield
        except (psycopg.Error, DBAPIError) as error:
            raise database_error(error.orig if isinstance(error, DBAPIError) else error, self.name) from error


def _checked(url: str) -> URL:
    """Return the URL for SQLAlchemy.

    Raises:
        DatabaseUrlInvalid
    """
    try:
        found = make_url(url)
    except (ArgumentError, ValueError):  # whose messages repeat the URL, and its password
        raise DatabaseUrlInvalid(reason=N_("it is no URL")) from None
    if found.drivername not in ("postgresql", "postgres", "postgresql+psycopg"):
        raise DatabaseUrlInvalid(reason=N_("it begins neither with postgresql:// nor with postgres://"))
    if not found.database:
        raise DatabaseUrlInvalid(reason=N_("the name of the database is missing"))
    return found.set(drivername="postgresql+psycopg")


def _options(busy_seconds: float) -> dict[str, Any]:
    """Return how connections are opened; a server that does not answer any more is noticed within half a minute."""
    settings = _SESSION | {"lock_timeout": f"{int(busy_seconds * 1000)}ms"}
    return {
        "application_name": "funasr-webui",
        "connect_timeout": CONNECT_SECONDS,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 25_000,  # milliseconds
        "options": " ".join(f"-c {name}={value}" for name, value in settings.items()),
        "prepare_threshold": None,  # a plan for any word suits neither rare words nor frequent ones
    }


def _engine(url: URL, options: dict[str, Any]) -> Engine:
    engine = create_engine(
        url,
        connect_args=options,
        pool_pre_ping=True,  # notices that the server was restarted
        hide_parameters=True,  # parameters contain what people said, and errors are logged
        **_POOL,
    )
    engine.dialect.colspecs = {**engine.dialect.colspecs, Integer: _WholeNumber}
    event.listen(engine, "do_connect", _connected)
    event.listen(engine, "connect", _prepare_connection)
    return engine


class _WholeNumber(Integer):
    """What the tables call an integer: those of SQLite have 64 bits, so that none is cast to PostgreSQL's 32."""


class _NumberLoader(Loader):
    """Reads the sums of whole numbers, which PostgreSQL gives as decimals."""

    def load(self, data: Any) -> int | float:
        told = bytes(data)
        return float(told) if b"." in told else int(told)


def _connected(_dialect: Any, _record: Any, arguments: Any, options: Any) -> PatientConnection:
    return PatientConnection.connect(*arguments, **options)


def _prepare_connection(connection: psycopg.Connection[Any], _record: Any) -> None:
    connection.adapters.register_loader("numeric", _NumberLoader)
