"""Reads a folder or a bucket of recordings whole: resumable, each recording on its own, each text written once.

Who reads is exchangeable: one engine in this process, or a reader on every machine of a cluster (cluster.py). Each
writes outputs and record itself, so that a run which is cut off loses at most what was being read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.archive import FAILED, ArchiveRecord, ArchiveTotals, ListedFile
from app.domain.errors.batches import ArchiveEmpty
from app.services.archive.reading import ReadingOrder, open_reader
from app.services.archive.records import RecordBook
from app.services.batches.server_folder import is_recording, natural
from app.store.places import Place, place_at

Readers = Callable[[ReadingOrder, Sequence[ListedFile]], Iterable[ArchiveRecord]]
"""Read recordings and yield the record of each when it has ended, in any order."""


@dataclass(frozen=True, slots=True)
class ArchivePlan:
    """What a run finds."""

    pending: tuple[ListedFile, ...]
    ended: tuple[ArchiveRecord, ...]
    """Of earlier runs, whose recordings have not changed since."""

    @property
    def hours_ended(self) -> float:
        return sum(record.duration for record in self.ended) / 3600


def archive(
    order: ReadingOrder,
    terms: Mapping[str, Any],
    readers: Readers,
    on_plan: Callable[[ArchivePlan], None],
    on_record: Callable[[ArchiveRecord], None],
    *,
    retries_failed: bool = False,
) -> ArchiveTotals:
    """Read what has not ended yet and return the sums over all.

    Args:
        order: what to read, how, and where to write it.
        terms: what all texts of an output have in common; a run with other ones is refused.
        readers: who read.
        on_plan: told what there is to do.
        on_record: told of each recording that ends.
        retries_failed: read again what failed in an earlier run.

    Raises:
        ArchiveEmpty, ArchiveDiffers, ArchiveInUse, PlaceUnknown, StoreUnusable, DiskFull, FolderUnwritable
        ModelError, DeviceUnavailable
    """
    output = place_at(order.output)
    with output.held_alone():
        book = RecordBook(output)
        book.begin_run(terms)
        plan = _plan(recordings_in(place_at(order.source)), book, retries_failed)
        on_plan(plan)
        records = {record.source.name: record for record in plan.ended}
        try:
            for record in readers(order, plan.pending) if plan.pending else ():
                records[record.source.name] = record
                on_record(record)
        finally:
            sums = book.end_run(records.values())
    return sums


def read_here(order: ReadingOrder, pending: Sequence[ListedFile]) -> Iterator[ArchiveRecord]:
    """Read in this process, one after the other."""
    with open_reader(order) as reader:
        for source in pending:
            yield reader.read(source)


def recordings_in(place: Place) -> list[ListedFile]:
    """Return the recordings of a place in natural order.

    Raises:
        ArchiveEmpty: there is none.
    """
    found = [file for file in place.files() if is_recording(file.name.rpartition("/")[2])]
    if not found:
        raise ArchiveEmpty(place=place.url)
    return sorted(found, key=lambda source: natural(source.name))


def _plan(sources: Sequence[ListedFile], book: RecordBook, retries_failed: bool) -> ArchivePlan:
    known = book.known()
    pending, ended, again = [], [], []
    for source in sources:
        record = known.pop(source.name, None)
        if record is None:
            pending.append(source)
        elif record.source != source or (retries_failed and record.state == FAILED):
            pending.append(source)
            again.append(record)
        else:
            ended.append(record)
    gone = list(known.values())  # no longer in the source: what was read of them stays
    book.forget(again, (*ended, *gone))
    return ArchivePlan(tuple(pending), (*ended, *gone))
