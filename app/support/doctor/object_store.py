"""The check of the object store, where the recordings lie in one."""

from __future__ import annotations

import time
from collections.abc import Iterable

from app.domain.errors.base import N_
from app.store.files.recordings import FOLDER
from app.support.doctor.check import Check, Subject, failure, ok, warning

SLOW_MS = 1000  # for the four requests of a probe; a live session needs three in a second


def object_store(subject: Subject) -> Iterable[Check]:
    """Check that the store answers, and can be written, read, listed and cleared."""
    if not subject.files_url:
        return
    began = time.monotonic()
    fault = subject.store_fault()
    milliseconds = round(1000 * (time.monotonic() - began))
    params = {"place": subject.files_url, "milliseconds": milliseconds}
    if fault:
        problem = fault.problem
        yield failure("object_store", problem.message, problem.advice, **problem.params)
    elif milliseconds > SLOW_MS:
        yield warning(
            "object_store",
            N_(
                "The object store {place} works, but took {milliseconds} ms to write, read, list and delete something small."
            ),
            N_("Look at the network to it and at its load: uploads and live sessions wait for its confirmations."),
            **params,
        )
    else:
        yield ok("object_store", N_("The object store {place} can be written and read ({milliseconds} ms)."), **params)
    yield from _left_behind(subject)


def _left_behind(subject: Subject) -> Iterable[Check]:
    """Tell of recordings from before the object store, which are not looked for in the data folder any more."""
    folder = subject.data_dir / FOLDER
    count = sum(1 for _ in folder.iterdir()) if folder.is_dir() else 0
    if count:
        yield warning(
            "recordings_left",
            N_("{count} recordings lie in {folder}, and not in the object store."),
            N_("`python -m app move-files` copies them there; then move that folder away."),
            count=count,
            folder=folder,
        )
