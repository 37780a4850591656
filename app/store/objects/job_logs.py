"""Puts the lines together that several servers have written about one job."""

from __future__ import annotations

from collections.abc import Iterator

MOMENT = len("2026-11-22T18:57:01.123Z")


def merged(*logs: str) -> str:
    """Return the entries of all logs in order of time, each once; the lines of a traceback stay below theirs."""
    entries = dict.fromkeys(entry for log in logs for entry in _entries(log))
    return "".join(f"{entry}\n" for entry in sorted(entries, key=lambda entry: entry[:MOMENT]))


def _entries(log: str) -> Iterator[str]:
    entry: list[str] = []
    for line in log.splitlines():
        if entry and not line.startswith(" "):
            yield "\n".join(entry)
            entry = []
        entry.append(line)
    if entry:
        yield "\n".join(entry)
