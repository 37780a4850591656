"""`python -m app archive`: read a folder or a bucket of recordings whole, and go on where it stopped."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from typing import Any, Self

from tqdm import tqdm

from app.cli.options import TextRequest
from app.cluster_composition import open_cluster
from app.composition import decode_limits, engine_spec, speaker_model_dir, vad_options
from app.domain.archive import FAILED, ArchiveRecord, ArchiveTotals
from app.domain.errors.base import Problem
from app.domain.options import TranscriptionOptions
from app.domain.transcript import ExportStyle
from app.services.archive.reading import ReadingOrder
from app.services.archive.run import ArchivePlan, Readers, archive, read_here
from app.services.models.model_identity import model_checksum
from app.settings import Settings
from app.store.places import place_at

Report = Callable[[Problem, str], None]


@dataclass(frozen=True, slots=True)
class ArchiveRequest:
    """What the person asked for."""

    source: str
    output: str
    text: TextRequest
    style: ExportStyle
    retries_failed: bool
    price_per_hour: float | None


def read_archive(request: ArchiveRequest, settings: Settings, report: Report) -> int:
    """Read what has not been read yet; return 0 only if nothing of the whole archive failed.

    Raises:
        AppError: the model, a place or the disk fails; or the output was begun with other options.
    """
    options = request.text.options.apply(TranscriptionOptions(vad=vad_options(settings)))
    order = ReadingOrder(
        source=request.source,
        output=request.output,
        spec=engine_spec(settings),
        options=options,
        limits=decode_limits(settings),
        formats=tuple(form.suffix for form in request.text.formats),
        style=request.style,
        speaker_model=speaker_model_dir(settings),
        price_per_hour=request.price_per_hour,
    )
    with _Progress(report) as progress, _readers(settings) as readers:
        sums = archive(
            order,
            _terms(order),
            readers,
            progress.begin,
            progress.update,
            retries_failed=request.retries_failed,
        )
    print(_told(sums, request.output))
    return 1 if sums.failed else 0


@contextmanager
def _readers(settings: Settings) -> Iterator[Readers]:
    """Read in this process, or where a cluster is configured, on its nodes."""
    with ExitStack() as stack:
        cluster = open_cluster(settings, stack)
        if cluster is None:
            yield read_here
            return
        from app.services.archive.cluster import readers_of  # late, because Ray is not installed without a cluster
        from app.services.cluster.connection import Share

        yield readers_of(cluster, Share(settings.cluster_cpus, settings.cluster_gpus), settings.cluster_max_actors)


def _terms(order: ReadingOrder) -> dict[str, Any]:
    """Return what all texts of an output have in common."""
    return {
        "source": place_at(order.source).url,
        "model": order.spec.model_dir.resolve().name,
        "model_checksum": model_checksum(order.spec.model_dir),
        "dtype": order.spec.dtype,
        "options": order.options.to_dict(),
        "formats": list(order.formats),
        "style": asdict(order.style) | {"channel_names": list(order.style.channel_names)},
    }


class _Progress:
    """A bar on a terminal, and a line for each failure."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._bar: tqdm[Any] = tqdm(total=0, unit="file", disable=not sys.stderr.isatty(), leave=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def begin(self, plan: ArchivePlan) -> None:
        self._bar.reset(total=len(plan.pending) + len(plan.ended))
        self._bar.update(len(plan.ended))
        if plan.ended:
            told = f"{len(plan.ended)} of {len(plan.pending) + len(plan.ended)} recordings have been read before."
            tqdm.write(told, file=sys.stderr)

    def update(self, record: ArchiveRecord) -> None:
        self._bar.update()
        if record.state == FAILED and record.problem:
            self._report(record.problem, record.source.name)


def _told(sums: ArchiveTotals, output: str) -> str:
    cost = "" if sums.cost is None else f", cost {sums.cost:.2f} ({sums.cost_per_hour or 0:.4f} for an hour of sound)"
    failed = f", {sums.failed} failed" if sums.failed else ""
    return f"{sums.read} recordings ({sums.hours:.2f} h){failed}{cost}: {output}/manifest.jsonl"
