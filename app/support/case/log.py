"""Writes the log of a case: the allowed fields of its own lines, and counts of all others.

Lines are filtered by field: fields not on a list are left out, so that unforeseen names are, too.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache

from app.domain.reasons import KNOWN
from app.paths import PACKAGE_DIR, resource_dir
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
        *(
            "again",
            "api",
            "asr",
            "audio",
            "batch",
            "batches",
            "cancel",
            "case",
            "checks",
            "clear",
            "clear-cache",
            "cluster",
        ),
        *("client_secrets", "clock", "compare", "comparisons", "decisions", "delete", "deliveries", "deployments"),
        *(
            "detect-language",
            "devices",
            "docs",
            "doctor",
            "doubts",
            "download",
            "echo",
            "edits",
            "events",
            "export",
            "findings",
        ),
        *("folder", "folders", "health", "history", "hotword-lists", "install", "items", "journal", "live", "load"),
        *("log", "logs", "mcp", "metrics", "missing", "model", "models", "openai", "openapi.json", "order", "pause"),
        *("peaks", "preferences", "preview", "pull", "ready", "realtime", "reference", "remove", "replacements"),
        *("replacement-lists", "replay", "requests", "reread"),
        *("resend", "restore", "resume", "retry", "secret", "segments", "sessions", "settings", "static", "statistics"),
        *(
            "storage",
            "system",
            "speakers",
            "split",
            "merge",
            "turns",
            "test",
            "texts",
            "ticks",
            "transcriptions",
            "translations",
            "trash",
            "undo",
            "unload",
        ),
        *("voice", "voices", "import"),
        *("upload", "uploads", "use", "v1", "vad", "verify", "view", "webhooks", "backup", "retention"),
        *(
            "account",
            "audit",
            "by-speaker",
            "keys",
            "login",
            "logout",
            "logout-everywhere",
            "look",
            "password",
            "people",
            "welcome",
        ),
        *("grants", "link", "links", "s", "shares"),
        *("callback", "oidc"),
        *("funasr", "transcription_sessions", "ws", "css", "js", "pages", "components", "lib"),
    }
)
"""The words in the addresses of the program; tests/support/test_more_leaks.py compares them with its routes."""

_LINE = re.compile(
    r"(?P<moment>\S+) (?P<level>\w+) request=(?P<request>\S+) job=(?P<job>\S+) (?P<logger>\S+) (?P<rest>.*)"
)
_LOGGER = re.compile(r"[a-z][a-z0-9_.]{0,80}")
_EVENT = re.compile(r"[a-z][a-z0-9_]*")
_FIELD = re.compile(r' ([a-z_]+)=("(?:[^"\\]|\\.)*"|\S*)')
_PLAIN = re.compile(r"[a-z][a-z_,.]*(?::\d+)?|-?[\d.]{1,20}(?:e-?\d+)?|[0-9a-f-]{6,64}|[A-Z]{3,6}|None|True|False")
_LETTERED_HEX = r"(?=[0-9a-f-]*[a-f])(?=[0-9a-f-]*[0-9])"  # digits alone may be the number of a phone or a card
_ID = re.compile(rf"{_LETTERED_HEX}(?:[0-9a-f]{{6,64}}|[0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})|\d{{1,5}}")
_REQUEST = re.compile(rf"{_LETTERED_HEX}[0-9a-f]{{4,64}}|-")
_LIBRARY = re.compile(r".*(?:/site-packages/|/lib/python\d\.\d+/)(.+)")
_FRAME = re.compile(r'(\s*)File "(.+)", line (\d+), in ([\w<>.]+)')
_MARKS = re.compile(r"[\s~^]+")
_RAISED = re.compile(r"((?:[a-z_][a-z0-9_]*\.)*[A-Z][A-Za-z0-9]*)(?:: (\[Errno \d+\] [A-Za-z ]+)?.*)?")
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
    is_ours = not word or word in ROUTE_WORDS or _ID.fullmatch(word) or word in _static_files()
    return word if is_ours else "…"


@cache
def _static_files() -> frozenset[str]:
    return frozenset(path.name for path in resource_dir("static").rglob("*.*"))


def told_request_id(id: str) -> str:
    """Return the id of a request as the program makes it; a client may send anything as its own."""
    return id if _REQUEST.fullmatch(id) else LEFT_OUT


def _told(entry: LogEntry) -> str:
    first, *following = entry.text.split("\n")
    line = _LINE.fullmatch(first)
    if line is None:
        return LEFT_OUT
    request, logger = (
        told_request_id(line["request"]),
        line["logger"] if _LOGGER.fullmatch(line["logger"]) else LEFT_OUT,
    )
    head = f"{line['moment']} {line['level']} request={request} job={line['job']} {logger}"
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
            module = _module(frame[2])
            yield f'{frame[1]}File "{module}", line {frame[3]}, in {frame[4] if module != LEFT_OUT else LEFT_OUT}'
            is_code_next, is_raised_next = module != LEFT_OUT, True
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
    """Return the file of a package, of Python or of the program below its folder; others lie where a person put them."""
    _before, found, ours = path.rpartition("/app/")
    if found and (PACKAGE_DIR / ours).is_file():
        return f"app/{ours}"
    library = _LIBRARY.search(path)
    return library[1] if library else LEFT_OUT


def _event_of(entry: LogEntry) -> str:
    line = _LINE.fullmatch(entry.text.split("\n", 1)[0])
    name = line["rest"].partition(" ")[0] if line and line["logger"].startswith("app.") else ""
    return name if _EVENT.fullmatch(name) else "other"
