"""The action journal: user actions and browser errors of one browser session.

data/journal/<browser>.jsonl has one entry per line, the first of which describes the browser. Names of controls and
chosen values are stored; typed text, recognised text and file names are never sent here. Entries per browser, browsers
and days are bounded.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from threading import Lock
from typing import Any

from app.atomic import write_atomically

FOLDER = "journal"
"""Below the data folder."""
MOST_ENTRIES = 400
MOST_BROWSERS = 50
KEPT_DAYS = 7
SECONDS_PER_DAY = 86_400

DEEPEST = 4  # levels of lists and objects in what a browser says of itself
LONGEST_BROWSER = 16_384  # bytes of JSON
LARGEST_NUMBER = 2**53

_NAME = re.compile(r"[0-9a-f]{16,64}")
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Entry:
    """One action or event; fields that do not apply are empty."""

    number: int
    """Consecutive number within a browser session."""
    at: str
    """By the browser's clock, RFC 3339."""
    kind: str
    """page, press, change, type, files, key, request or error."""
    page: str = ""
    control: str = ""
    value: str = ""
    status: int = 0
    request: str = ""
    """Id of the request, if there was one."""


_TEXTS = tuple(each.name for each in fields(Entry) if each.type == "str")


@dataclass(frozen=True, slots=True)
class BrowserSession:
    """The journal of one browser tab."""

    browser: Mapping[str, Any] = field(default_factory=dict)
    """What it reports: user agent, languages, size, whether the page is secure; the doctor's findings in it."""
    entries: tuple[Entry, ...] = ()


class Journal:
    """The journals of all browsers. Thread-safe."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = Lock()

    def write(self, id: str, browser: Mapping[str, Any], entries: Iterable[Entry]) -> None:
        """Add new entries, and drop the oldest beyond the limits.

        Raises:
            ValueError: the id is malformed.
            ValueError: what the browser says of itself is too deep or too long.
            OSError: the folder cannot be written.
        """
        if not _NAME.fullmatch(id):
            raise ValueError(id)
        browser, entries = fit(browser), [_cleaned(entry) for entry in entries]
        with self._lock:
            known = self._stored(id)
            last = known.entries[-1].number if known.entries else -1
            kept = (*known.entries, *(entry for entry in entries if entry.number > last))[-MOST_ENTRIES:]
            self._store(id, BrowserSession(dict(known.browser) | dict(browser), kept))
            self._forget()

    def read(self, id: str) -> BrowserSession:
        """Return the journal of a browser; empty if there is none."""
        if not _NAME.fullmatch(id):
            return BrowserSession()
        try:
            return self._stored(id)
        except OSError:
            return BrowserSession()

    def _stored(self, id: str) -> BrowserSession:
        """Read what was told before; what cannot be read now is no reason to write it anew without it."""
        try:
            content = (self._folder / f"{id}.jsonl").read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return BrowserSession()
        first, *lines = content.split("\n")  # and not splitlines: texts may hold other ends of lines
        return BrowserSession(_browser(first), tuple(entry for line in lines if (entry := _entry(line))))

    def find(self, requests: Collection[str]) -> str:
        """Return the browser that made one of these requests, or an empty string."""
        if not requests:
            return ""
        for file in self._files():
            if any(entry.request in requests for entry in self.read(file.stem).entries if entry.request):
                return file.stem
        return ""

    def forget(self, id: str) -> None:
        """Delete the journal of a browser."""
        if _NAME.fullmatch(id):
            (self._folder / f"{id}.jsonl").unlink(missing_ok=True)

    def _store(self, id: str, session: BrowserSession) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        lines = [session.browser, *(_short(entry) for entry in session.entries)]
        text = "".join(json.dumps(line) + "\n" for line in lines)
        write_atomically(self._folder / f"{id}.jsonl", text, durable=False)

    def _forget(self) -> None:
        oldest = time.time() - KEPT_DAYS * SECONDS_PER_DAY
        for position, file in enumerate(self._files()):
            with suppress(FileNotFoundError):
                if position >= MOST_BROWSERS or file.stat().st_mtime < oldest:
                    file.unlink()

    def _files(self) -> Sequence[Path]:
        """Return the journal files, latest first."""
        files = []
        for file in self._folder.glob("*.jsonl"):
            with suppress(FileNotFoundError):
                files.append((file.stat().st_mtime, file))
        return [file for _, file in sorted(files, reverse=True)]


def fit(value: Any, levels: int = DEEPEST) -> Any:
    """Return what a browser says of itself with texts that can be stored and sent.

    Raises:
        ValueError: it is deeper or longer than a browser has reason to be.
    """
    told = _fit(value, levels)
    if len(json.dumps(told)) > LONGEST_BROWSER:
        raise ValueError(f"longer than {LONGEST_BROWSER} bytes")
    return told


def clean_text(text: str) -> str:
    """Return a text without halves of characters and without what ends or turns lines."""
    return _UNFIT.sub("\ufffd", text)


def _fit(value: Any, levels: int) -> Any:
    if isinstance(value, str):
        return clean_text(value)
    if not isinstance(value, Mapping | list):
        return value if isinstance(value, bool | None) or abs(value) < LARGEST_NUMBER else None
    if levels == 0:
        raise ValueError(f"deeper than {DEEPEST} levels")
    if isinstance(value, list):
        return [_fit(each, levels - 1) for each in value]
    return {clean_text(str(name)): _fit(each, levels - 1) for name, each in value.items()}


def _browser(line: str) -> Mapping[str, Any]:
    try:
        told = fit(json.loads(line))
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _entry(line: str) -> Entry | None:
    """Read one entry; one that is broken hides no other."""
    try:
        entry = _cleaned(Entry(**json.loads(line)))
    except (ValueError, TypeError, RecursionError):
        return None
    return entry if all(isinstance(getattr(entry, name), int) for name in ("number", "status")) else None


def _cleaned(entry: Entry) -> Entry:
    cleaned: dict[str, Any] = {name: clean_text(getattr(entry, name)) for name in _TEXTS}
    return replace(entry, **cleaned)


def _short(entry: Entry) -> dict[str, Any]:
    return {name: value for name, value in asdict(entry).items() if value or name in ("number", "at", "kind")}
