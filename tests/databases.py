"""A PostgreSQL server for tests, and databases on it: real ones, that forget everything at the end."""

from __future__ import annotations

import atexit
import getpass
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Executable, text

from app.store.database import Database, open_database
from app.store.sqlite.database import DATABASE_NAME

VARIABLE = "FUNASR_DATABASE_URL"
TEMPLATE = "empty"
QUICK = {  # nothing of it has to survive a power cut
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "autovacuum": "off",
    "max_wal_size": "512MB",
}
START_SECONDS = 60
OF_BACKUPS = "backup and restore are for the file; a server has means of its own"
"""Why a test is about SQLite alone."""

_opened: list[Database] = []
_of_servers: dict[Path, str] = {}


class PostgresServer:
    """A server in a folder of its own, reached by a socket in it, and by a port of this machine if one is given.

    Others than this machine reach it by `address`.
    """

    def __init__(self, port: int | None = None, address: str = "") -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="funasr-postgres-"))
        self._user = "postgres" if os.geteuid() == 0 else getpass.getuser()  # it refuses to run as root
        shutil.chown(self.folder, self._user)
        self._run("initdb", "--no-sync", "--username=funasr", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8")
        self._process: subprocess.Popen[Any] | None = None
        addresses = f"127.0.0.1,{address}" if address else "127.0.0.1"
        self._settings = QUICK if port is None else QUICK | {"listen_addresses": addresses, "port": str(port)}
        if address:
            with (self._data / "pg_hba.conf").open("a") as rules:
                rules.write("host all all samenet trust\n")
        self._count = 0
        self.start()

    def start(self) -> None:
        options = [word for name, value in self._settings.items() for word in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("a") as log:
            self._process = subprocess.Popen(
                [program("postgres"), "-D", self._data, "-k", self.folder, *options],
                stdout=log,
                stderr=log,
                **self._as_user(),
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._is_ready():
            assert time.monotonic() < deadline, (self.folder / "log").read_text()
            time.sleep(0.05)

    def stop(self) -> None:
        """End it at once, with all connections."""
        if self._process:
            self._process.send_signal(signal.SIGINT)
            self._process.wait()
            self._process = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, name: str) -> str:
        port = f"&port={self._settings['port']}" if "port" in self._settings else ""
        return f"postgresql://funasr@/{name}?host={self.folder}{port}"

    @contextmanager
    def database(self, template: str = "template0") -> Iterator[str]:
        """Yield the URL of a new database."""
        self._count += 1
        name = f"test_{self._count}"
        self.execute(f'CREATE DATABASE {name} TEMPLATE "{template}" STRATEGY file_copy')
        try:
            yield self.url(name)
        finally:
            if self._process:
                self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def make_template(self) -> None:
        """Make a database of the newest schema, of which others are copies."""
        self.execute(f'CREATE DATABASE "{TEMPLATE}" TEMPLATE template0')
        with tempfile.TemporaryDirectory() as folder, closing(open_database(Path(folder), self.url(TEMPLATE))) as made:
            made.migrate()

    def execute(self, statement: str, database: str = "postgres") -> list[Any]:
        import psycopg

        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _is_ready(self) -> bool:
        import psycopg

        try:
            self.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def _run(self, name: str, *options: str) -> None:
        subprocess.run([program(name), "-D", self._data, *options], check=True, capture_output=True, **self._as_user())

    def _as_user(self) -> Mapping[str, Any]:
        is_other = os.geteuid() == 0
        return {
            "cwd": self.folder,
            **({"user": self._user, "group": self._user, "extra_groups": []} if is_other else {}),
        }


def program(name: str) -> str:
    """Return the path of a program of PostgreSQL's; "" if it is not installed. Debian keeps them out of the path."""
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(installed[-1]) if installed else shutil.which(name) or ""


def missing() -> str:
    """Return why there is no PostgreSQL for the tests; "" if there is."""
    if not program("initdb"):
        return "needs a PostgreSQL server (apt-get install postgresql)"
    try:
        import psycopg  # noqa: F401 - whether it is there
    except ImportError:
        return "needs psycopg (pip install psycopg[binary])"
    return ""


@contextmanager
def serving_database(data_dir: Path, url: str) -> Iterator[None]:
    """Let `database_in` find the database of a server's data folder during the block, whatever the environment says."""
    _of_servers[data_dir] = url
    try:
        yield
    finally:
        del _of_servers[data_dir]


@cache
def postgres_server() -> PostgresServer:
    """Return the server of this process, which ends with it."""
    server = PostgresServer()
    atexit.register(server.remove)
    server.make_template()
    return server


def database_in(folder: Path, busy_seconds: float = 10.0) -> Database:
    """Return the database of the tests' data folder: its file, that of its server, or that of the environment."""
    database = open_database(folder, _url_for(folder), busy_seconds)
    _opened.append(database)
    return database


def close_databases() -> None:
    """Close the connections that a test has left open: psycopg complains of those, and sqlite3 from Python 3.13 on."""
    while _opened:
        _opened.pop().close()


def _url_for(folder: Path) -> str:
    return _of_servers.get(folder, os.environ.get(VARIABLE, ""))


def in_database(folder: Path, statement: str | Executable, **values: Any) -> list[Any]:
    """Execute SQL on the database of a data folder, whichever kind it is; return the rows.

    JSON needs a statement of SQLAlchemy's: in a text PostgreSQL would not take it for what it is.
    """
    with closing(database_in(folder)) as database, database.writing() as connection:
        result = connection.execute(text(statement) if isinstance(statement, str) else statement, values)
        return list(result) if result.returns_rows else []


def stored_in(folder: Path) -> bytes:
    """Return everything that a database holds, for a test of what must not be in it."""
    if not _url_for(folder):
        return b"".join(file.read_bytes() for file in folder.glob(f"{DATABASE_NAME}*"))
    tables = in_database(folder, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    rows = (row for (name,) in tables for row in in_database(folder, f'SELECT "{name}"::text FROM "{name}"'))  # noqa: S608
    return "\n".join(text for (text,) in rows).encode()


def lose_database(folder: Path) -> None:
    """Leave the files of a data folder without their database; the next start makes an empty one."""
    if _url_for(folder):
        in_database(folder, "DROP SCHEMA public CASCADE")
        in_database(folder, "CREATE SCHEMA public")
    for file in folder.glob(f"{DATABASE_NAME}*"):
        file.unlink()
