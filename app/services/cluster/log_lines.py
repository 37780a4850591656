"""Log lines of an actor, on their way to the app.log of the server that it works for."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass
from typing import Any

MOST_KEPT = 500  # until the server asks for them, every few seconds


@dataclass(frozen=True, slots=True)
class LogLine:
    logger: str
    level: int
    name: str
    """Of the event."""
    fields: tuple[tuple[str, str], ...]


class LogCollector(logging.Handler):
    """Keeps the newest lines of this process: those of the program from INFO on, those of packages from WARNING on."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._lines: deque[LogLine] = deque(maxlen=MOST_KEPT)

    def emit(self, record: logging.LogRecord) -> None:
        if not record.name.startswith("app.") and record.levelno < logging.WARNING:
            return
        fields: dict[str, Any] = getattr(record, "fields", {})
        told = tuple((name, str(value)) for name, value in fields.items())
        if record.exc_info and record.exc_info[1]:
            told += (("error", f"{type(record.exc_info[1]).__name__}: {record.exc_info[1]}"),)
        self._lines.append(LogLine(record.name, record.levelno, record.getMessage(), told))

    def take(self) -> tuple[LogLine, ...]:
        """Return what was logged since the last call."""
        taken = []
        while self._lines:
            taken.append(self._lines.popleft())
        return tuple(taken)


def collecting() -> LogCollector:
    """Collect the lines of this process from now on."""
    collector = LogCollector()
    logging.getLogger().addHandler(collector)
    logging.getLogger("app").setLevel(logging.INFO)
    return collector


def log_again(lines: tuple[LogLine, ...], **where: str) -> None:
    """Log the lines of an actor in this process, with where they come from."""
    for line in lines:
        fields = {name: value for name, value in line.fields if name not in where}
        logging.getLogger(line.logger).log(line.level, "%s", line.name, extra={"fields": fields | where})
