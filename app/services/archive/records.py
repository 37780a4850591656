"""What an archive's output knows: which recordings have ended, and how.

archive.json          the options of the first run; others are refused
records/NAME.json     one for each recording that ended, written after its outputs
attempts/NAME         how often a recording was begun that has not ended
manifest.jsonl        all records, written when a run ends; summary.json their sums
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from app.domain.archive import ArchiveRecord, ArchiveTotals, ListedFile, totals
from app.domain.errors.batches import ArchiveDiffers
from app.store.places import Place

ORDER = "archive.json"
MANIFEST = "manifest.jsonl"
SUMMARY = "summary.json"
RECORDS, ATTEMPTS = "records", "attempts"


class RecordBook:
    """The records of one output."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def begin_run(self, order: Mapping[str, Any]) -> None:
        """Store what this run was asked for.

        Raises:
            ArchiveDiffers: the first run was asked for something else.
        """
        stored = self._place.read(ORDER)
        if stored is None:
            self._place.write(ORDER, _json(order))
            return
        former = json.loads(stored)
        names = [name for name in {**former, **order} if former.get(name) != order.get(name)]
        if names:
            told = ", ".join(f"{name}: {former.get(name)} -> {order.get(name)}" for name in sorted(names))
            raise ArchiveDiffers(place=self._place.url, differences=told)

    def known(self) -> dict[str, ArchiveRecord]:
        """Return the records by the names of their recordings; what cannot be read counts as not there."""
        found: dict[str, ArchiveRecord] = {}
        for line in (self._place.read(MANIFEST) or b"").splitlines():
            if record := _read_record(line):
                found[record.source.name] = record
        in_manifest = {_record_name(name) for name in found}
        for entry in self._place.files(RECORDS):
            if entry.name not in in_manifest and (record := self._stored(entry.name)):
                found[record.source.name] = record
        return found

    def of(self, name: str) -> ArchiveRecord | None:
        """Return the record of one recording; None if it has not ended."""
        return self._stored(_record_name(name))

    def forget(self, records: Iterable[ArchiveRecord], kept: Iterable[ArchiveRecord]) -> None:
        """Remove records whose recordings are to be read again; the manifest keeps only the others."""
        gone = list(records)
        if not gone:
            return
        if self._place.read(MANIFEST) is not None:
            self._write_manifest(kept)
        for record in gone:
            self._place.remove(_record_name(record.source.name))

    def begin(self, source: ListedFile) -> int:
        """Note that a recording is being read; return how often it was begun, this time included."""
        former = self._place.read(_attempts_name(source.name)) or b""
        count = int(former) + 1 if former.isdigit() else 1
        self._place.write(_attempts_name(source.name), str(count).encode())
        return count

    def end(self, record: ArchiveRecord) -> None:
        """Store how a recording ended."""
        self._place.write(_record_name(record.source.name), _json(record.to_dict()))
        self._place.remove(_attempts_name(record.source.name))

    def end_run(self, records: Iterable[ArchiveRecord]) -> ArchiveTotals:
        """Write manifest and summary."""
        records = list(records)
        self._write_manifest(records)
        sums = totals(records)
        self._place.write(SUMMARY, _json(sums.to_dict()))
        return sums

    def _stored(self, file: str) -> ArchiveRecord | None:
        content = self._place.read(file)
        return None if content is None else _read_record(content)

    def _write_manifest(self, records: Iterable[ArchiveRecord]) -> None:
        lines = sorted((record.source.name, _json(record.to_dict())) for record in records)
        self._place.write(MANIFEST, b"".join(line for _, line in lines))


def _record_name(name: str) -> str:
    return f"{RECORDS}/{name}.json"


def _attempts_name(name: str) -> str:
    return f"{ATTEMPTS}/{name}"


def _json(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode() + b"\n"


def _read_record(content: bytes) -> ArchiveRecord | None:
    """Return a stored record; None if it is something else."""
    try:
        return ArchiveRecord.from_stored(json.loads(content))
    except ValueError:
        return None
