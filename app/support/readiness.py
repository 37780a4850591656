"""Readiness checks: each takes milliseconds and does not wait for an engine."""

from __future__ import annotations

from pathlib import Path

from app.domain.errors.base import N_, AppError, Problem
from app.services.inference.role import Inference
from app.services.transcriptions.job_queue import Queue
from app.store.queries import transcriptions
from app.support.doctor import Status
from app.support.doctor.places import disk_check, why_unwritable


def database_problem(queue: Queue) -> Problem | None:
    """Read a row."""
    try:
        with queue.database.reading() as connection:
            transcriptions.current_revision(connection)
    except AppError as error:
        return error.problem
    return None


def disk_problem(data_dir: Path) -> Problem | None:
    """Write a byte, and check the free space."""
    if reason := why_unwritable(data_dir):
        return Problem("disk", N_("{folder} cannot be written: {reason}"), "", {"folder": data_dir, "reason": reason})
    check = disk_check(data_dir)
    return Problem(check.id, check.fact, check.advice, check.params) if check.status is Status.FAILURE else None


def store_problem(queue: Queue) -> Problem | None:
    """Write, read and remove an object, where the recordings lie in an object store."""
    fault = queue.files.fault()
    return fault.problem if fault else None


def inference_problem(inference: Inference) -> Problem | None:
    """Check the known state of the process. One unloaded when idle is fine: it loads with the next job."""
    status = inference.status()
    if status.state == "failed":
        return status.problem or Problem("inference", N_("The inference process has failed."), "", {})
    if status.state in ("ready", "busy") and status.rss_bytes is None:
        return Problem("inference", N_("The recognition process has ended and was not restarted yet."), "", {})
    if status.state == "loading" and status.last_restart_reason:
        message = N_("The inference process is starting again. {reason}")
        return Problem("inference", message, "", {"reason": status.last_restart_reason.to_dict()})
    if status.state == "loading" and status.problem:
        return status.problem
    if status.state == "loading":
        return Problem("inference", N_("The model is being loaded."), "", {})
    return None


def worker_problem(*, is_working: bool) -> Problem | None:
    """Report that the threads that process jobs have ended."""
    message = N_("No thread takes jobs any more. Restart the server.")
    return None if is_working else Problem("worker", message, "", {})
