"""`python -m app serve`: check what would stop the server, report it plainly, then serve."""

from __future__ import annotations

import errno
import logging
import os
import socket
import ssl
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import psutil
import uvicorn
from fastapi import FastAPI

from app.cluster_composition import open_cluster
from app.composition import login_rule, open_models, open_store
from app.domain.addresses import is_loopback
from app.domain.errors.base import N_
from app.domain.errors.models import ModelError
from app.domain.errors.setup import (
    AddressUnusable,
    CertificateUnusable,
    FunasrPortTaken,
    PasswordFileUnusable,
    PortTaken,
)
from app.files_composition import open_bucket
from app.logging import event, setup_logging
from app.main import create_app
from app.services.models.models import Models
from app.services.people.accounts import Accounts
from app.settings import Settings
from app.store.database import Database
from app.store.files.storage_errors import storage_error
from app.web.live.outbox import LARGEST_MESSAGE_BYTES
from app.web.live.socket_protocol import sockets_with
from app.web.slow_clients import ClientLimits, protocol_with

OPEN = "WARNING: Other machines reach it ({host}), and --insecure-no-login lets everybody read, change and delete everything."
FIRST_LINK = "Nobody can log in yet. Open this link to set the administrator's password; it works once:"
SHUTDOWN_SECONDS = 5  # open event streams and downloads get this long to end
PRIVATE = 0o077  # files created by this process are private to its user
PORTS_TRIED = 20  # how many ports above a taken one are tried for the advice

_log = logging.getLogger(__name__)


def serve(settings: Settings, *, start_worker: bool = True) -> int:
    """Serve until interrupted. A model that does not load does not stop the server: the page shows the error.

    Raises:
        PackageMissing: a setting needs a package that is not installed.
        FolderUnwritable: data or logs cannot be written.
        DatabaseUnusable: it is damaged, or a newer version of the program made it.
        DataBeingRestored: a backup is being restored.
        PasswordFileUnusable, WeakPassword: of the first administrator.
        PortTaken, FunasrPortTaken: another program listens on the address.
        CertificateUnusable
    """
    os.umask(PRIVATE)
    check_packages(settings)
    for folder in (settings.data_dir, settings.log_dir):
        check_writable(folder)
    with closing(open_store(settings)) as database:
        database.migrate()
        secret = prepare_login(settings, database)
    check_certificate(settings)
    listeners = [listen(settings.host, settings.port), *listen_for_funasr(settings)]
    settings = with_port_of(settings, listeners[1:])
    setup_logging(settings.log_dir, settings.log_level, settings.log_file_mb, as_json=settings.log_json)
    server = uvicorn.Server(server_config(create_app(settings, start_worker=start_worker), settings))
    scheme = "https" if settings.ssl_certfile else "http"
    print(_model_line(open_models(settings)))
    print(f"Fun-ASR WebUI: {_address(listeners[0], scheme, settings.root_path)}  (Ctrl+C stops it)", flush=True)
    for listener in listeners[1:]:
        print(f"FunASR's websockets: {_address(listener, scheme.replace('http', 'ws'))}", flush=True)
    if secret:
        print(f"{FIRST_LINK}\n    {_first_address(listeners[0], scheme, settings)}welcome#{secret}", flush=True)
    if not is_loopback(settings.host) and settings.insecure_no_login:
        event(_log, logging.WARNING, "open_to_network", host=settings.host)
        print(OPEN.format(host=settings.host), flush=True)
    server.run(sockets=listeners)
    return 0


def prepare_login(settings: Settings, database: Database) -> str | None:
    """Create the first administrator where people log in; return the secret of a link that lets them in, if needed.

    Raises:
        PasswordFileUnusable: it cannot be read, or is empty.
        WeakPassword
    """
    accounts = Accounts(database, login_rule(settings))
    return accounts.begin(_first_password(settings)) if accounts.needs_login else None


def _first_password(settings: Settings) -> str | None:
    file = settings.admin_password_file
    if file is None:
        return None
    try:
        password = file.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else N_("it is not text")
        raise PasswordFileUnusable(file=str(file), reason=reason) from error
    if not password:
        raise PasswordFileUnusable(file=str(file), reason=N_("it is empty"))
    return password


def check_certificate(settings: Settings) -> None:
    """Load the certificate and its key, if there is one.

    Raises:
        CertificateUnusable: they are missing, do not belong together, or need a password.
    """
    if settings.ssl_certfile is None:
        if settings.ssl_keyfile:
            raise CertificateUnusable(file="", reason=N_("there is a key, but no certificate"))
        return
    try:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(settings.ssl_certfile, settings.ssl_keyfile, password="")
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise CertificateUnusable(file=str(settings.ssl_certfile), reason=reason) from error


def listen_for_funasr(settings: Settings) -> list[socket.socket]:
    """Return the listening socket for FunASR's clients, if they have a port.

    Raises:
        FunasrPortTaken, AddressUnusable
    """
    if settings.funasr_port is None:
        return []
    try:
        return [listen(settings.host, settings.funasr_port)]
    except PortTaken as error:
        raise FunasrPortTaken(**error.params) from error


def with_port_of(settings: Settings, listeners: Sequence[socket.socket]) -> Settings:
    """Return the settings with the port that was found for FunASR's clients."""
    ports = [listener.getsockname()[1] for listener in listeners]
    return settings.model_copy(update={"funasr_port": ports[0]}) if ports else settings


def begin_process(settings: Settings) -> None:
    """Keep what this process writes private, and log it; for commands that work on a data folder and do not listen.

    Raises:
        FolderUnwritable: data or logs cannot be written.
    """
    os.umask(PRIVATE)
    for folder in (settings.data_dir, settings.log_dir):
        check_writable(folder)
    setup_logging(settings.log_dir, settings.log_level, settings.log_file_mb, as_json=settings.log_json)


def check_packages(settings: Settings) -> None:
    """Find the packages that the settings need.

    Raises:
        PackageMissing
    """
    with ExitStack() as stack:
        open_cluster(settings, stack)
    if settings.files_url:
        open_bucket(settings)


def check_writable(folder: Path) -> None:
    """Create the folder and write a file to it.

    Raises:
        FolderUnwritable: either is not possible.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise storage_error(error, folder) from error


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket.

    Raises:
        PortTaken: suggests a free port.
        AddressUnusable: not an address of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sets TCP_NODELAY only if the protocol is given
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if os.name == "posix":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a restart must not wait for TIME_WAIT
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(host=host, port=port, other=_free_port(host, port), detail=_who_listens(port)) from error
        raise AddressUnusable(host=host, port=port, reason=error.strerror) from error
    listener.listen(socket.SOMAXCONN)
    return listener


def _who_listens(port: int) -> str:
    """Return the program listening on a port, as far as this user can see it."""
    with suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            is_it = connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,)
            if is_it and connection.pid is not None:
                return _name_of(psutil.Process(connection.pid))
    return N_("another program")


def _name_of(process: psutil.Process) -> str:
    words = process.cmdline()
    is_ours = "serve" in words and any(Path(word).name in {"app", "funasr-webui"} for word in words)
    return f"{'Fun-ASR WebUI' if is_ours else process.name()} (PID {process.pid})"


def _free_port(host: str, taken: int) -> int:
    """Return the next port above `taken` that can be bound, or 0 (any) if none of the next can."""
    for port in range(taken + 1, min(taken + PORTS_TRIED, 65536)):
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            if probe.connect_ex((host, port)) != 0:
                return port
    return 0


def _model_line(models: Models) -> str:
    """Return the startup line on the model folder; loading it is up to the inference process."""
    try:
        models.check_in_use()
    except ModelError as error:
        return f"WARNING: {error} Nothing can be recognised."
    return f"Model: {models.folder_in_use()}"


def server_config(app: FastAPI, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_config=None,  # app/logging.py decides where lines go
        proxy_headers=False,  # app/web/middleware/proxy.py reads them, and needs the sender's address
        access_log=False,  # every request is logged with its id by the application
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        server_header=False,
        ws=sockets_with(settings.funasr_port),
        ws_max_size=LARGEST_MESSAGE_BYTES,
        ssl_certfile=settings.ssl_certfile,
        ssl_keyfile=settings.ssl_keyfile,
        http=protocol_with(_client_limits(settings)),
        timeout_keep_alive=settings.idle_timeout_seconds,
    )


def _client_limits(settings: Settings) -> ClientLimits:
    return ClientLimits(
        head_seconds=settings.head_timeout_seconds,
        body_seconds=settings.body_timeout_seconds,
        answer_seconds=settings.answer_timeout_seconds,
        farewell_seconds=SHUTDOWN_SECONDS - 1,
    )


def _first_address(listener: socket.socket, scheme: str, settings: Settings) -> str:
    """Return an address without a remark, to be followed by a path."""
    host, port = listener.getsockname()[:2]
    name = socket.gethostname() if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host  # noqa: S104
    return f"{scheme}://{name}:{port}{settings.root_path}/"


def _address(listener: socket.socket, scheme: str, root_path: str = "") -> str:
    host, port = listener.getsockname()[:2]
    path = f":{port}{root_path}{'/' if root_path else ''}"
    if host in ("0.0.0.0", "::"):  # noqa: S104
        return f"{scheme}://{socket.gethostname()}{path}, here {scheme}://127.0.0.1{path}"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}{path}"
