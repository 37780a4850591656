"""`python -m app mcp`: the Model Context Protocol over standard input and output."""

from __future__ import annotations

from contextlib import ExitStack
from threading import Lock

from app.cli.serve import begin_process
from app.main import open_services
from app.mcp.recordings import open_any
from app.mcp.server import build_server
from app.mcp.tools import Toolbox
from app.settings import Settings
from app.web.services import Services

READABLE = "transcribe_file reads any file that the person who started this program can read."


def speak(settings: Settings) -> int:
    """Answer the client on standard input until it closes it.

    Raises:
        FolderUnwritable: data or logs cannot be written.
    """
    begin_process(settings)
    with ExitStack() as stack:
        desk = _Desk(settings, stack)
        build_server(desk.toolbox, READABLE).run("stdio")
    return 0


class _Desk:
    """The services, opened by the first call: clients start every configured program, used or not."""

    def __init__(self, settings: Settings, stack: ExitStack) -> None:
        self._settings = settings
        self._stack = stack
        self._lock = Lock()
        self._services: Services | None = None

    def toolbox(self) -> Toolbox:
        """Return the tools over services whose jobs are done, by this process if by no other.

        Raises:
            DatabaseUnusable, DataBeingRestored
        """
        with self._lock:
            services = self._services
            if services is None or not services.queue.database.worker_locks.is_any_alive():
                services = self._services = self._open()
        current = services.current()
        return Toolbox(current.queue, current.default_options, current.settings.max_upload_bytes, open_any)

    def _open(self) -> Services:
        """Open the services; earlier ones stay open for the calls that use them."""
        services = self._stack.enter_context(open_services(self._settings, start_worker=False))
        if services.queue.database.worker_locks.is_any_alive():
            return services
        return self._stack.enter_context(open_services(self._settings, start_worker=True))
