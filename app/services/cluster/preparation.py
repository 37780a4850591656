"""Decodes recordings on the nodes of a cluster, each in the same limited child process as on one machine.

A recording goes to the node through Ray's object store, and so do the samples come back. Ray waits for a node with the
declared memory, and tries again elsewhere when one dies.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from app.engine.preparation.pool import Cancelled, Overdue, PreparationPool, Preparer, Reply
from app.logging import event
from app.services.cluster.connection import Cluster

POLL_SECONDS = 0.3
LARGEST_BYTES = 1 << 30  # of a recording; a larger one is decoded where it lies
TRIES = 3

_log = logging.getLogger(__name__)
_own_pool: list[PreparationPool] = []  # of a node's process, kept for its next recording
_own_lock = Lock()


@dataclass(frozen=True, slots=True)
class PreparedFiles:
    """What a node made of a recording."""

    reply: Reply | None
    """None where it took too long."""
    files: dict[str, bytes]
    """By their names beside the samples."""


class ClusterPreparation:
    """The role of PreparationPool. What needs files that lie here already is done by `local`."""

    def __init__(self, cluster: Cluster, cpus: float, local: Preparer) -> None:
        self._cluster = cluster
        self._cpus = cpus
        self._local = local

    def ask(self, request: dict[str, Any], seconds: float, cancelled: Callable[[], bool]) -> Reply:
        """See PreparationPool.ask."""
        if not _is_whole(request):
            return self._local.ask(request, seconds, cancelled)
        try:
            prepared = self._prepared(request, seconds, cancelled)
        except (Cancelled, Overdue):
            raise
        except Exception as error:  # noqa: BLE001 - whatever Ray says
            event(_log, logging.WARNING, "preparation_came_back", reason=(str(error).splitlines() or [""])[-1])
            return self._local.ask(request, seconds, cancelled)
        if prepared.reply is None:
            raise Overdue
        folders = {"peaks": Path(request["peaks"])}
        for name, content in prepared.files.items():
            folders.get(name, Path(request["pcm"]).parent / name).write_bytes(content)
        return prepared.reply

    def _prepared(self, request: dict[str, Any], seconds: float, cancelled: Callable[[], bool]) -> PreparedFiles:
        ray = self._cluster.ray
        source = Path(request["source"]).read_bytes()
        memory = (request["limits"]["memory_mb"] << 20) + 2 * len(source)
        task = ray.remote(prepare_here).options(num_cpus=self._cpus, memory=memory, max_retries=TRIES)
        reference = task.remote(request, [ray.put(source)], seconds)
        while not ray.wait([reference], timeout=POLL_SECONDS)[0]:
            if cancelled():
                ray.cancel(reference, force=True)
                raise Cancelled
        prepared: PreparedFiles = ray.get(reference)
        return prepared


def prepare_here(request: dict[str, Any], source: list[Any], seconds: float) -> PreparedFiles:
    """Run on a node: decode a recording into files of its own, and return them."""
    import ray

    with tempfile.TemporaryDirectory(prefix="funasr-preparation-") as name:
        folder = Path(name)
        recording = folder / f"source{Path(request['source']).suffix}"
        recording.write_bytes(ray.get(source[0]))
        (folder / "made").mkdir()
        pcm, peaks = folder / "made" / Path(request["pcm"]).name, folder / "made" / "peaks"
        own = request | {"source": str(recording), "pcm": str(pcm), "peaks": str(peaks)}
        try:
            reply = _pool_here().ask(own, seconds, lambda: False)
        except Overdue:
            return PreparedFiles(None, {})
        return PreparedFiles(reply, {file.name: file.read_bytes() for file in (folder / "made").iterdir()})


def _is_whole(request: dict[str, Any]) -> bool:
    """Return whether a node could do all of it with the recording alone."""
    is_survey = bool(request.get("survey"))
    if is_survey or "source" not in request or "peaks" not in request:
        return False
    return Path(request["source"]).stat().st_size <= LARGEST_BYTES


def _pool_here() -> PreparationPool:
    with _own_lock:
        if not _own_pool:
            _own_pool.append(PreparationPool().__enter__())  # ends with the process
        return _own_pool[0]
