"""Searches logs/app.log while it grows: the latest matching entries, earlier ones, and new ones.

A position in the log is "inode:offset": rotation renames a file but keeps its inode, so followers miss no line.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.logging import LOG_NAME, OLD_FILES_KEPT
from app.support.log_lines import LogEntry, entries_of

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


@dataclass(frozen=True, slots=True)
class Filter:
    """What is shown; empty fields match everything."""

    level: str = ""
    """The minimum severity."""
    job: str = ""
    request: str = ""
    text: str = ""
    """Anywhere in the entry, including its traceback; case-insensitive."""

    def fits(self, entry: LogEntry) -> bool:
        return (
            (not self.level or _rank(entry.level) >= _rank(self.level))
            and (not self.job or self.job in (entry.job, *entry.text.split()))
            and (not self.request or entry.request == self.request)
            and (not self.text or self.text.lower() in entry.text.lower())
        )


@dataclass(frozen=True, slots=True)
class Page:
    """Entries in time order."""

    entries: tuple[LogEntry, ...]
    place: str
    """Where to continue."""
    is_cut: bool
    """Whether earlier matches were left out."""


def latest(log_dir: Path, wanted: Filter, limit: int) -> Page:
    """Return the latest `limit` matching entries."""
    found: deque[LogEntry] = deque()
    place, is_cut = "", False
    for file in reversed(files_of(log_dir)):
        text, end = _read(file, 0)
        place = place or end
        fitting = [entry for entry in entries_of(text.splitlines(keepends=True)) if wanted.fits(entry)]
        room = limit - len(found)
        found.extendleft(reversed(fitting[max(0, len(fitting) - room) :]))
        if len(fitting) > room:
            is_cut = True
            break
    return Page(tuple(found), place, is_cut)


def since(log_dir: Path, place: str, wanted: Filter, limit: int) -> Page:
    """Return the matching entries written after `place`; the latest `limit` if there are more.

    If the file of `place` no longer exists, all entries count as new.
    """
    number, _, offset = place.partition(":")
    files = files_of(log_dir)
    numbers = [_number(file) for file in files]
    first = numbers.index(number) if number in numbers else 0
    found: deque[LogEntry] = deque(maxlen=limit)
    count, end = 0, place
    for position, file in enumerate(files[first:]):
        is_known = position == 0 and number in numbers
        text, end = _read(file, int(offset) if is_known and offset.isdecimal() else 0)
        for entry in entries_of(text.splitlines(keepends=True)):
            if wanted.fits(entry):
                found.append(entry)
                count += 1
    return Page(tuple(found), end, count > limit)


def matching_text(log_dir: Path, wanted: Filter) -> Iterator[str]:
    """Yield the text of every matching entry, oldest first, file by file."""
    for file in files_of(log_dir):
        text, _ = _read(file, 0)
        for entry in entries_of(text.splitlines(keepends=True)):
            if wanted.fits(entry):
                yield f"{entry.text}\n"


def files_of(log_dir: Path) -> list[Path]:
    """Return the existing log files, oldest first."""
    names = [*(f"{LOG_NAME}.{number}" for number in range(OLD_FILES_KEPT, 0, -1)), LOG_NAME]
    return [log_dir / name for name in names if (log_dir / name).is_file()]


def _read(file: Path, offset: int) -> tuple[str, str]:
    """Return the complete lines after an offset, and the position after them; an incomplete line is left for later."""
    try:
        with file.open("rb") as stream:
            stream.seek(offset)
            data = stream.read()
    except FileNotFoundError:  # rotated away meanwhile
        return "", f"0:{offset}"
    whole = data[: data.rfind(b"\n") + 1]
    return whole.decode(errors="replace"), f"{_number(file)}:{offset + len(whole)}"


def _number(file: Path) -> str:
    try:
        return str(file.stat().st_ino)
    except FileNotFoundError:
        return "0"


def _rank(level: str) -> int:
    return LEVELS.index(level) if level in LEVELS else len(LEVELS)
