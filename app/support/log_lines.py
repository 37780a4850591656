"""Finds the log lines of one job and its requests, rotated files included."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from app.logging import LOG_NAME, OLD_FILES_KEPT

NO_JOB = "-"
AROUND = timedelta(minutes=2)
MOST_ENTRIES = 5000

_HEAD = re.compile(r"(?P<moment>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) \w+ request=(?P<request>\S+) job=(?P<job>\S+) ")


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One log event with its traceback."""

    text: str
    moment: datetime | None
    """None if the line does not have our format."""
    request: str
    job: str

    @property
    def level(self) -> str:
        """DEBUG, INFO, WARNING, ERROR or CRITICAL; empty if the line does not have our format."""
        return self.text.split(" ", 2)[1] if self.moment else ""


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Selects the entries of a job, or of requests if there is no job: never those of another job."""

    job: str
    """`-` if there is none."""
    requests: frozenset[str]

    def includes(self, entry: LogEntry) -> bool:
        if self.job == NO_JOB:
            return entry.request in self.requests
        if entry.job != NO_JOB:
            return entry.job == self.job
        return entry.request in self.requests or self.job in entry.text


def read_log(log_dir: Path) -> Iterator[LogEntry]:
    """Yield the entries of all log files, oldest first, skipping missing files."""
    names = [f"{LOG_NAME}.{number}" for number in range(OLD_FILES_KEPT, 0, -1)]
    for name in (*names, LOG_NAME):
        try:
            with (log_dir / name).open(encoding="utf-8", errors="replace") as file:
                yield from _entries(file)
        except FileNotFoundError:
            continue


def requests_of(job: str, entries: Iterable[LogEntry]) -> frozenset[str]:
    """Return the ids of the requests related to a job."""
    own = (entry for entry in entries if job in entry.text and entry.job in (job, NO_JOB))
    return frozenset(entry.request for entry in own if entry.request != "-")


def around(entries: Iterable[LogEntry], own: LogFilter, moments: Collection[datetime]) -> Iterator[LogEntry]:
    """Yield other entries within AROUND of one of `moments`."""
    for entry in entries:
        moment = entry.moment
        if moment and not own.includes(entry) and any(abs(moment - each) <= AROUND for each in moments):
            yield entry


def select(entries: Iterable[LogEntry], wanted: LogFilter, most: int = MOST_ENTRIES) -> tuple[list[LogEntry], int]:
    """Return the latest `most` matching entries, and the number of earlier ones left out."""
    kept: deque[LogEntry] = deque(maxlen=most)
    count = 0
    for entry in entries:
        if wanted.includes(entry):
            kept.append(entry)
            count += 1
    return list(kept), count - len(kept)


def merged(entries: Iterable[LogEntry], own: Collection[LogEntry]) -> list[LogEntry]:
    """Return `entries`, preceded by those of the job's own log that rotation has dropped."""
    later = list(entries)
    known = {entry.text for entry in later}
    return [entry for entry in own if entry.text not in known] + later


def entries_of(lines: Iterable[str]) -> Iterator[LogEntry]:
    """Parse log lines into entries."""
    return _entries(lines)


def _entries(lines: Iterable[str]) -> Iterator[LogEntry]:
    block: list[str] = []
    for line in lines:
        if block and not line.startswith("    "):
            yield _entry(block)
            block = []
        block.append(line.rstrip("\n"))
    if block:
        yield _entry(block)


def _entry(block: list[str]) -> LogEntry:
    head = _HEAD.match(block[0])
    if head is None:
        return LogEntry("\n".join(block), None, "-", "-")
    moment = datetime.fromisoformat(head["moment"])
    return LogEntry("\n".join(block), moment, head["request"], head["job"])
