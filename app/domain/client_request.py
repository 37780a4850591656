"""A request of a program that speaks another product's API, as it arrived: for support cases and replays."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

LONGEST_VALUE = 100_000  # characters kept of one value
SECRET_NAME = re.compile(r"key(?!words)|token|secret|password|passwd|authorization|cookie", re.IGNORECASE)
REPLAYED_HEADERS = ("prefer", "accept", "user-agent")
"""The only headers that are kept."""


@dataclass(frozen=True, slots=True)
class FormPart:
    """One part of a multipart form."""

    name: str
    value: str | None
    """None for a file, and for what is nobody's business: keys and sound within a field."""
    file_name: str | None = None
    """None for a field, and for a file that was sent without a name."""
    content_type: str = ""
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class ClientRequest:
    """One request, without the bytes of its file and without keys."""

    path: str
    parts: tuple[FormPart, ...] = ()
    """In the order in which they arrived."""
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    """Of REPLAYED_HEADERS."""

    def to_dict(self) -> dict[str, Any]:
        """Return the stored form."""
        return {
            "path": self.path,
            "query": [list(pair) for pair in self.query],
            "headers": dict(self.headers),
            "parts": [asdict(part) for part in self.parts],
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        return cls(
            path=stored["path"],
            parts=tuple(FormPart(**part) for part in stored["parts"]),
            query=tuple((name, value) for name, value in stored["query"]),
            headers=stored["headers"],
        )


def is_secret(name: str) -> bool:
    """Return whether a field or parameter of this name may hold a key."""
    return SECRET_NAME.search(name) is not None


def kept_query(pairs: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Return the parameters of an address without keys."""
    return tuple((name, value[:LONGEST_VALUE]) for name, value in pairs if not is_secret(name))


def kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return those of the headers that a replay sends again."""
    return {name: headers[name][:LONGEST_VALUE] for name in REPLAYED_HEADERS if name in headers}
