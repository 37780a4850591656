"""Model downloads: resolving names, running in the background or in this thread, one at a time per model."""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock, Thread

from app.domain.errors.base import AppError
from app.domain.errors.models import ModelBuiltIn, ModelBusy, ModelUnknown
from app.domain.errors.requests import InvalidParameter
from app.engine.catalog.known_models import BUILTINS, KNOWN_MODELS, known_model, source_of
from app.hubs import Hub, HubName, check_id
from app.hubs.huggingface import HuggingFace
from app.hubs.modelscope import ModelScope
from app.hubs.package_index import default_index
from app.hubs.transfer import Cancelled, Patience, Report
from app.hubs.wenet import WenetMirror
from app.locks import is_held
from app.logging import event
from app.services.models.download import ModelDownload
from app.services.models.download_folder import DownloadFolder
from app.store.files.storage_errors import storage_error

FAREWELL_SECONDS = 5.0  # a download stops quickly; a hanging one ends with the process
LETTING_GO_SECONDS = 1.0  # between the end of a download and the end of its thread

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Source:
    """What is downloaded, from where, and under which name it is stored."""

    name: str
    hub: HubName
    id: str


class ModelDownloads:
    """The downloads into one models folder."""

    def __init__(self, models_dir: Path, wenet_mirror: str, patience: Patience, done: Callable[[str], object]) -> None:
        self._models_dir = models_dir
        self._wenet_mirror = wenet_mirror
        self._patience = patience
        self._done = done
        self._running: dict[str, tuple[Thread, Event]] = {}
        self._lock = Lock()

    def source(self, name: str, hub: str | None) -> Source:
        """Resolve `name`: a known model, a started download, or owner/name on a hub.

        Raises:
            ModelUnknown, ModelBuiltIn, InvalidParameter
        """
        if hub is not None and hub not in set(HubName):
            raise InvalidParameter(name="hub", reason=", ".join(HubName))
        if "/" in name:
            hub_name = HubName(hub or HubName.MODELSCOPE)
            return Source(check_id(hub_name, name).replace("/", "--"), hub_name, name)
        if name in BUILTINS:
            raise ModelBuiltIn
        begun, known = self.place(name).read(), known_model(name)
        if begun and hub in (None, begun.hub):
            return Source(name, HubName(begun.hub), check_id(HubName(begun.hub), begun.id))
        if known is None:
            raise ModelUnknown(name=name, known=", ".join(model.name for model in KNOWN_MODELS))
        hub, id = source_of(known, hub)
        return Source(name, HubName(hub), id)

    def place(self, name: str) -> DownloadFolder:
        return DownloadFolder(self._models_dir, name)

    def begin(self, source: Source) -> None:
        """Start or resume a download in the background.

        Raises:
            ModelBusy: it is being downloaded already.
            FolderUnwritable: the models folder cannot be written.
        """
        self._make_folder()
        stopping = Event()
        with self._lock:
            status = self.place(source.name).status()
            if self._is_running(source.name) or (status and status.is_running):
                raise ModelBusy(name=source.name)
            thread = Thread(target=self._run_aside, args=(source, stopping), name=f"pull-{source.name}", daemon=True)
            self._running[source.name] = (thread, stopping)
            thread.start()

    def run(self, source: Source, stopping: Event, report: Report = lambda _: None) -> None:
        """Download in this thread.

        Raises:
            What Pull.run raises.
        """
        self._make_folder()
        event(_log, logging.INFO, "model_pull_started", model=source.name, hub=source.hub, id=source.id)
        hub = self._hub(source.hub)
        ModelDownload(self.place(source.name), source.hub, hub, source.id, stopping, self._patience).run(report)
        self._done(source.name)
        event(_log, logging.INFO, "model_pulled", model=source.name)

    def cancel(self, name: str) -> None:
        """Stop a download, whichever process runs it; downloaded data is kept."""
        if name in self._running:
            self._running[name][1].set()
        self.place(name).ask_to_stop()

    @contextmanager
    def ending(self) -> Iterator[None]:
        """Stop the downloads of this process when the block ends."""
        try:
            yield
        finally:
            running = list(self._running.values())
            for _, stopping in running:
                stopping.set()
            deadline = time.monotonic() + FAREWELL_SECONDS
            for thread, _ in running:
                thread.join(max(0.0, deadline - time.monotonic()))

    def _make_folder(self) -> None:
        try:
            self._models_dir.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self._models_dir):
                pass
        except OSError as error:
            raise storage_error(error, self._models_dir) from error

    def _is_running(self, name: str) -> bool:
        """Return whether a thread of this process is downloading it; one that released the folder is about to end."""
        if name not in self._running:
            return False
        thread, _ = self._running[name]
        if not is_held(self.place(name).part):
            thread.join(LETTING_GO_SECONDS)
        return thread.is_alive()

    def _run_aside(self, source: Source, stopping: Event) -> None:
        with suppress(Cancelled):
            try:
                self.run(source, stopping)
            except AppError as error:
                event(_log, logging.ERROR, "model_pull_failed", model=source.name, error=error.problem.code)
            except OSError:
                event(_log, logging.ERROR, "model_pull_failed", exc_info=True, model=source.name)

    def _hub(self, name: HubName) -> Hub:
        models_dir = str(self._models_dir)
        if name is HubName.HUGGINGFACE:
            return HuggingFace(models_dir)
        if name is HubName.MODELSCOPE:
            return ModelScope(models_dir)
        if name is HubName.PIP:
            return default_index()
        return WenetMirror(self._wenet_mirror)
