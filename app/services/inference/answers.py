"""What the answers of the inference process mean to the one who asked."""

from __future__ import annotations

import logging

from app.domain.errors.inference import OutOfMemory
from app.engine import EngineInfo
from app.engine.process.messages import Failed
from app.logging import event

_log = logging.getLogger(__name__)


def raise_if_failed(answer: object) -> None:
    """Raise the error of a failed request, with its traceback as a note."""
    if isinstance(answer, Failed):
        answer.error.add_note(answer.traceback)
        raise answer.error


def shortage_in(answer: object) -> OutOfMemory | None:
    """Return the error of a request that ran out of memory; None for every other answer."""
    return answer.error if isinstance(answer, Failed) and isinstance(answer.error, OutOfMemory) else None


def log_differences(info: EngineInfo) -> None:
    """Log if the device or precision in use differs from the requested one."""
    for line in info.receipt:
        if line.reason and line.asked not in ("auto", line.applied):
            event(
                _log,
                logging.WARNING,
                "engine_differs",
                option=line.name,
                asked=line.asked,
                applied=line.applied,
                reason=line.reason,
            )
