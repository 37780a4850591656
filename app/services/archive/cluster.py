"""Reads an archive on the machines of a cluster with Ray Data, which places, feeds, replaces and ends the readers.

A reader takes one recording after the other, and writes texts and record itself. Where one is lost, Ray Data gives what it
had to another, which skips what is recorded already.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from typing import Any

from app.domain.archive import ArchiveRecord, ListedFile
from app.domain.errors.base import AppError, Problem
from app.domain.errors.inference import NodeDiffers
from app.domain.errors.kinds import kind_of
from app.services.archive.reading import ArchiveReader, ReadingOrder, open_reader
from app.services.archive.run import Readers
from app.services.cluster.connection import Cluster, Share
from app.services.cluster.fingerprint import Fingerprint, fingerprint_of

MOST_BLOCKS = 100_000
"""Recordings that Ray Data hands out one by one; of more, several at a time."""


class ClusterReader:
    """What Ray Data runs on a node: loads the engine once, then reads what it is given.

    An error that ends the run is answered, not raised: Ray would start the reader again, and tell the error as text.
    """

    def __init__(self, order: ReadingOrder, expected: Fingerprint) -> None:
        """Load the engine, unless this installation differs from the `expected` one."""
        self._stack = ExitStack()
        self._reader: ArchiveReader | None = None
        self._refusal: AppError | None = None
        try:
            if differences := expected.differences(fingerprint_of(order.spec)):
                raise NodeDiffers(differences=differences)
            self._reader = self._stack.enter_context(open_reader(order))
        except AppError as error:
            self._refusal = error

    def __call__(self, batch: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        """Read the recordings of a batch: each is a source as JSON, and becomes its record or an error as JSON."""
        return {"answer": [json.dumps(self._answer(json.loads(source))) for source in batch["source"]]}

    def _answer(self, source: Mapping[str, Any]) -> dict[str, Any]:
        if self._reader is None or self._refusal is not None:
            return _told(self._refusal)
        try:
            return {"record": self._reader.read(ListedFile(**source)).to_dict()}
        except AppError as error:
            self._refusal = error  # the next recording would meet it as well
            return _told(error)


def _told(error: AppError | None) -> dict[str, Any]:
    return {"error": (error or AppError()).problem.to_dict()}


def readers_of(cluster: Cluster, share: Share, most: int) -> Readers:
    """Return readers on the nodes of a cluster, at most so many, each with its share of a node."""

    def read(order: ReadingOrder, pending: Sequence[ListedFile]) -> Iterator[ArchiveRecord]:
        import ray.data

        logging.getLogger("ray.data").setLevel(logging.ERROR)
        _ = cluster.ray  # connected
        ray.data.DataContext.get_current().enable_progress_bars = False
        sources = [{"source": json.dumps(asdict(source))} for source in pending]
        results = ray.data.from_items(sources, override_num_blocks=min(len(sources), MOST_BLOCKS)).map_batches(
            ClusterReader,
            fn_constructor_args=(order, fingerprint_of(order.spec)),
            batch_size=1,
            compute=ray.data.ActorPoolStrategy(min_size=1, max_size=most),
            num_cpus=share.cpus,
            num_gpus=share.gpus,
        )
        yield from _records(results)

    return read


def _records(results: Any) -> Iterator[ArchiveRecord]:
    """Yield the records; an error is raised at the end, since Ray Data must not be left while it works."""
    problem: Problem | None = None
    for row in results.iter_rows():
        answer = json.loads(row["answer"])
        if "error" in answer:
            problem = problem or Problem.from_dict(answer["error"])
        else:
            yield ArchiveRecord.from_stored(answer["record"])
    if problem:
        raise kind_of(problem.code)(**problem.params)
