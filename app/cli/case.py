"""`python -m app case JOB`: everything about one job in one zip; redactions are listed.

Reads database and files, whether a server is running or has crashed.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app.composition import engine_spec, installation, open_models, open_store, subject_of
from app.files_composition import open_files
from app.services.transcriptions.job_queue import Queue
from app.settings import Settings
from app.store.files.storage_errors import storage_error
from app.support.case import CaseChoice
from app.support.case.cases import Cases
from app.support.doctor.examination import Doctor

BYTES_PER_KB = 1024


def make_case(settings: Settings, job: str, choice: CaseChoice, target: Path) -> int:
    with _cases(settings) as cases:
        try:
            with tempfile.TemporaryFile(dir=target.parent):  # fail now, not after the doctor's seconds
                pass
            manifest = cases.write(job, choice, target)
        except OSError as error:
            raise storage_error(error, target.parent) from error
    _print_files((file["name"], file["size"], file["what"], False) for file in manifest["files"])
    _print_redactions(manifest["redactions"])
    if note := manifest["audio"]["note"]:
        print(note)
    print(f"{target} is ready. Look into it before you send it: python -m zipfile -l {target}")
    return 0


def preview_case(settings: Settings, job: str, choice: CaseChoice) -> int:
    with _cases(settings) as cases:
        preview = cases.preview(job, choice)
    _print_files((file.name, file.size, file.what, file.is_estimate) for file in preview.files)
    _print_redactions({"what": each.what, "count": each.count} for each in preview.redactions)
    if preview.note:
        print(preview.note)
    return 0


@contextmanager
def _cases(settings: Settings) -> Iterator[Cases]:
    database = open_store(settings)
    try:
        database.migrate()
        queue = Queue(database, open_files(settings))
        doctor = Doctor(lambda: subject_of(settings, engine_spec(settings)))
        yield Cases(queue, lambda: installation(settings, open_models(settings), doctor.examine))
    finally:
        database.close()


def _print_files(files: Iterable[tuple[str, int, str, bool]]) -> None:
    for name, size, what, is_estimate in files:
        told = f"{'~' if is_estimate else ''}{max(1, round(size / BYTES_PER_KB))} KB"
        print(f"{told:>10}  {name:<20}  {what}")


def _print_redactions(redactions: Iterable[dict[str, Any]]) -> None:
    told = ", ".join(f"{each['what']}: {each['count']}" for each in redactions)
    print(f"Taken out: {told or 'nothing'}")
