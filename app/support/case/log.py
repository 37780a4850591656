"""Writes the log of a case: the allowed fields of its own lines, and counts of all others.

Lines are filtered by field: fields not on a list are left out, so that unforeseen names are, too.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator

from app.domain.reasons import KNOWN
from app.support.log_lines import LogEntry

LEFT_OUT = "[left out]"
FIELDS = frozenset(
    {
        *("again_of", "attempt", "became", "bytes", "check", "code", "count", "days", "device", "duration"),
        *("exit_code", "extra", "from_worker", "id", "index", "job", "longest_seconds", "method", "ms", "names"),
        *("option", "pid", "readings", "replay", "request", "revision", "same_as", "seconds", "segments"),
        *("session", "state", "status", "step", "stretches", "threads", "wish", "worker"),
    }
)
"""Those whose values the program makes itself."""
ROUTE_WORDS = frozenset(
    {
        *("api", "v1", "audio", "batches", "cancel", "case", "comparisons", "docs", "doctor", "download", "edits"),
        *("events", "export", "exports", "files", "findings", "health", "history", "hotword-lists", "import", "items"),
        *("journal", "live", "logs", "missing-text", "models", "openapi.json", "order", "peaks", "preview", "ready"),
        *("replay", "replays", "requests", "retranscriptions", "retry", "segments", "settings", "static", "system"),
        *("texts", "transcriptions", "trash", "uploads", "vad", "pause", "resume", "restore", "undo", "use", "js"),
        *("webhooks", "deliveries", "resend", "secret", "test", "mcp", "metrics"),
        *("openai", "deployments", "translations", "asr", "detect-language", "realtime", "client_secrets"),
        *("css", "pages", "components", "lib", "again", "compare", "batch", "info", "devices", "clear-cache"),
    }
)

_LINE = re.compile(
    r"(?P<moment>\S+) (?P<level>\w+) request=(?P<request>\S+) job=(?P<job>\S+) (?P<logger>\S+) (?P<rest>.*)"
)
_EVENT = re.compile(r"[a-z][a-z0-9_]*")
_FIELD = re.compile(r' ([a-z_]+)=("(?:[^"\\]|\\.)*"|\S*)')
_PLAIN = re.compile(r"[a-z][a-z_,.]*(?::\d+)?|-?[\d.]{1,20}(?:e-?\d+)?|[0-9a-f-]{6,64}|[A-Z]{3,6}|None|True|False")
_ID = re.compile(r"[0-9a-fA-F-]{6,64}|\d{1,6}")
_MODULE_FILE = re.compile(r"[a-z0-9-]{1,40}\.(?:js|css)")
_FRAME = re.compile(r'(\s*)File "(.+)", line (\d+), in ([\w<>.]+)')
_MARKS = re.compile(r"[\s~^]+")
_RAISED = re.compile(r"([A-Za-z_][\w.]*)(?:: (\[Errno \d+\] [A-Za-z ]+)?.*)?")
_BETWEEN = ("Traceback (most recent call last):", "The above exception was", "During handling of the above")


def told(entries: Iterable[LogEntry]) -> Iterator[str]:
    """Yield each entry with its allowed fields."""
    return (_told(entry) for entry in entries)


def counted(entries: Iterable[LogEntry]) -> Iterator[str]:
    """Yield one line with the number of other lines, by event."""
    events = Counter(_event_of(entry) for entry in entries)
    if events:
        told = ", ".join(f"{name} {count}" for name, count in sorted(events.items()))
        yield f"({events.total()} lines of other jobs and requests in the minutes around are only counted: {told})"


def route_of(path: str) -> str:
    """Return a path without its query, and without words that are not the program's."""
    return "/".join(map(_step, path.partition("?")[0].split("/")))


def _step(word: str) -> str:
    is_ours = not word or word in ROUTE_WORDS or _ID.fullmatch(word) or _MODULE_FILE.fullmatch(word)
    return word if is_ours else "…"


def _told(entry: LogEntry) -> str:
    first, *following = entry.text.split("\n")
    line = _LINE.fullmatch(first)
    if line is None:
        return LEFT_OUT
    head = f"{line['moment']} {line['level']} request={line['request']} job={line['job']} {line['logger']}"
    return "\n".join((f"{head} {_message(line)}", *(f"    {each}" for each in _traceback(following))))


def _message(line: re.Match[str]) -> str:
    name, _, rest = line["rest"].partition(" ")
    if not (line["logger"].partition(".")[0] == "app" and _EVENT.fullmatch(name)):
        return "traceback" if line["rest"] == "traceback" else LEFT_OUT
    fields = (f"{field}={_value(field, value)}" for field, value in _FIELD.findall(f" {rest}"))
    return " ".join((name, *fields))


def _value(field: str, value: str) -> str:
    if field == "path":
        return route_of(_unquoted(value))
    if field == "reason" and value in KNOWN:
        return value
    return value if field in FIELDS and _PLAIN.fullmatch(value) else LEFT_OUT


def _unquoted(value: str) -> str:
    try:
        return str(json.loads(value)) if value.startswith('"') else value
    except ValueError:
        return ""


def _traceback(lines: list[str]) -> Iterator[str]:
    """Yield the location and type of an exception; its message may contain anything."""
    is_code_next = is_raised_next = False
    for line in (each.removeprefix("    ") for each in lines):
        if frame := _FRAME.fullmatch(line):
            yield f'{frame[1]}File "{_module(frame[2])}", line {frame[3]}, in {frame[4]}'
            is_code_next = is_raised_next = True
        elif is_code_next and line.startswith("    "):
            yield line
            is_code_next = False
        elif is_raised_next and (_MARKS.fullmatch(line) and line.strip()):
            yield line
        elif line.startswith(_BETWEEN):
            yield line
            is_code_next = is_raised_next = False
        elif is_raised_next and (raised := _RAISED.fullmatch(line)):
            yield ": ".join(filter(None, raised.groups()))
            is_code_next = is_raised_next = False


def _module(path: str) -> str:
    for root in ("/site-packages/", "/lib/", "/app/"):
        _before, found, after = path.rpartition(root)
        if found:
            return f"{'app/' if root == '/app/' else ''}{after}"
    return LEFT_OUT


def _event_of(entry: LogEntry) -> str:
    line = _LINE.fullmatch(entry.text.split("\n", 1)[0])
    name = line["rest"].partition(" ")[0] if line and line["logger"].startswith("app.") else ""
    return name if _EVENT.fullmatch(name) else "other"
